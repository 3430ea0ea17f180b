//! Largest of equal shapes: `y = max(x_1, …, x_n)`.

use super::{ANY_INPUTS, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, merge::{either_mask, equal_shapes}, sequence, several, vector};
use crate::{ops, plan::{Lowering, Signal}, text::Text};

crate::settings! {
    /// Nothing to set.
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
        let (first, inputs) = several(inputs)?;
        let terms = equal_shapes(lowering, inputs)?;
        let size = first.shape.size();
        let (y, counts) = (lowering.activation(size)?, lowering.saved(size)?);
        lowering.push(ops::Maximum { terms, y, counts });
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
