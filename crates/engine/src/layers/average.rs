//! Mean of equal shapes: `y = (x_1 + … + x_n) / n`.

use super::{
    ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample,
    merge::{elementwise_samples, lower_elementwise},
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Average {
    }
}

impl LayerKind for Average {
    const KEY: &'static str = "average";
    const NAME: Text = Text::new("Average", "平均");
    const ABOUT: Text = Text::new(
        "The mean of inputs of equal shape, element by element.",
        "形状相同的输入逐元素取平均。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = ANY_INPUTS;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let share = 1.0 / inputs.len() as f32;
        lower_elementwise(lowering, inputs, |_, terms, y, _| {
            Ok(ops::Sum {
                terms: terms.into_iter().map(|value| (value, share)).collect(),
                y,
            })
        })
    }

    fn samples() -> Vec<Sample> {
        elementwise_samples::<Self>()
    }
}
