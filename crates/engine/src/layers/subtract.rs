//! Difference of two equal shapes: `y = a - b`.

use super::{
    ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample,
    merge::{either_mask, equal_shapes},
    sequence, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Subtract {
    }
}

impl LayerKind for Subtract {
    const KEY: &'static str = "subtract";
    const NAME: Text = Text::new("Subtract", "相减");
    const ABOUT: Text = Text::new(
        "The difference of two inputs of equal shape: y = a − b.",
        "两个形状相同的输入之差：y = a − b。",
    );
    const CATEGORY: Category = Category::Merge;
    const INPUTS: &'static [InputPort] = &[
        InputPort::one("first", "第一个", PortKind::Any),
        InputPort::one("second", "第二个", PortKind::Any),
    ];
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let values = equal_shapes(lowering, inputs)?;
        let [a, b] = values[..] else {
            return Err(LowerError::Count {
                expected: 2,
                got: values.len(),
            });
        };
        let shape = inputs[0].shape;
        let y = lowering.activation(shape.size())?;
        lowering.push(ops::Sum {
            terms: vec![(a, 1.0), (b, -1.0)],
            y,
        });
        let mask = either_mask(lowering, inputs)?;
        Ok(vec![Signal::new(shape, y).masked(mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(3), vector(3)]),
            Sample::new(Self::default(), [sequence(3, 2), sequence(3, 2)]),
        ]
    }
}
