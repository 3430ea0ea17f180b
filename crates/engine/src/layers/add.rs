//! Sum of equal shapes: `y = x_1 + x_2 + …`.

use super::{ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, merge::{either_mask, equal_shapes}, sequence, several, vector};
use crate::{ops, plan::{Lowering, Signal}, text::Text};

crate::settings! {
    /// Nothing to set.
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
        let (first, inputs) = several(inputs)?;
        let terms = equal_shapes(lowering, inputs)?.into_iter().map(|value| (value, 1.0)).collect();
        let y = lowering.activation(first.shape.size())?;
        lowering.push(ops::Sum { terms, y });
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
