//! Sum of equal shapes: `y = x_1 + x_2 + …`.

use super::{
    ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample,
    merge::{elementwise_samples, lower_elementwise},
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Add {
    }
}

impl LayerKind for Add {
    const KEY: &'static str = "add";
    const NAME: Text = Text::new("Add", "相加");
    const ABOUT: Text = Text::new(
        "The sum of inputs of equal shape: y = x₁ + x₂ + …, as in a residual connection.",
        "形状相同的输入求和：y = x₁ + x₂ + …，例如残差连接。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = ANY_INPUTS;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        lower_elementwise(lowering, inputs, |_, terms, y, _| {
            Ok(ops::Sum {
                terms: terms.into_iter().map(|value| (value, 1.0)).collect(),
                y,
            })
        })
    }

    fn samples() -> Vec<Sample> {
        elementwise_samples::<Self>()
    }
}
