//! Multiplies by a constant: `y = c x`. Any shape to the same shape.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// Settings of the scale layer.
    pub struct Scale {
        /// The factor c.
        factor: f32 = 1.0, Real { min: -1000.0, max: 1000.0, step: 0.1 },
            ["Factor", "系数"], ["c in y = c x.", "y = c x 中的 c。"];
    }
}

impl LayerKind for Scale {
    const KEY: &'static str = "scale";
    const NAME: Text = Text::new("Scale", "缩放");
    const ABOUT: Text = Text::new("Multiplies by a constant: y = c x.", "乘以常数：y = c x。");
    const CATEGORY: Category = Category::Core;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let y = lowering.activation(input.shape.size())?;
        lowering.push(ops::Sum {
            terms: vec![(x, self.factor)],
            y,
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self { factor: -0.7 }, [vector(4)]),
            Sample::new(Self { factor: 2.0 }, [sequence(3, 2)]),
        ]
    }

    fn summary(&self) -> String {
        format!("× {}", self.factor)
    }
}
