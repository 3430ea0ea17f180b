//! Product of equal shapes, element by element: `y = x_1 x_2 …`.

use super::{
    ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample,
    merge::{elementwise_samples, lower_elementwise},
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Multiply {
    }
}

impl LayerKind for Multiply {
    const KEY: &'static str = "multiply";
    const NAME: Text = Text::new("Multiply", "相乘");
    const ABOUT: Text = Text::new(
        "The product of inputs of equal shape, element by element: a gate, or an interaction.",
        "形状相同的输入逐元素相乘：可作门控或交互。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = ANY_INPUTS;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        lower_elementwise(lowering, inputs, |lowering, values, y, size| {
            let mut factors = Vec::with_capacity(values.len());
            for value in values {
                factors.push(lowering.distinct(value, &factors)?);
            }
            Ok(ops::Multiply {
                factors,
                y,
                partial: lowering.backward_scratch(size)?,
            })
        })
    }

    fn samples() -> Vec<Sample> {
        elementwise_samples::<Self>()
    }
}
