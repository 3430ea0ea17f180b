//! Product of equal shapes, element by element: `y = x_1 x_2 …`.

use super::{ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, merge::{either_mask, equal_shapes}, sequence, several, vector};
use crate::{ops, plan::{Lowering, Signal}, text::Text};

crate::settings! {
    /// Nothing to set.
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
        let (first, inputs) = several(inputs)?;
        let mut factors = Vec::with_capacity(inputs.len());
        for value in equal_shapes(lowering, inputs)? {
            factors.push(lowering.distinct(value, &factors)?);
        }
        let y = lowering.activation(first.shape.size())?;
        let partial = lowering.backward_scratch(first.shape.size())?;
        lowering.push(ops::Multiply { factors, y, partial });
        let mask = either_mask(lowering, inputs)?;
        Ok(vec![Signal::new(first.shape, y).masked(mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3), vector(3)]),
            Sample::new(Self::default(), [sequence(3, 2), sequence(3, 2), sequence(3, 2)]),
        ]
    }
}
