//! Largest of equal shapes: `y = max(x_1, …, x_n)`.

use super::{
    ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample,
    merge::{elementwise_samples, lower_elementwise},
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Maximum {
    }
}

impl LayerKind for Maximum {
    const KEY: &'static str = "maximum";
    const NAME: Text = Text::new("Maximum", "最大值");
    const ABOUT: Text = Text::new(
        "The largest of inputs of equal shape, element by element.",
        "形状相同的输入逐元素取最大值。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = ANY_INPUTS;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        lower_elementwise(lowering, inputs, |lowering, terms, y, size| {
            Ok(ops::Maximum {
                terms,
                y,
                counts: lowering.saved(size)?,
            })
        })
    }

    fn samples() -> Vec<Sample> {
        elementwise_samples::<Self>()
    }
}
