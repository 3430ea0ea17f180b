//! Scales each step to length 1: `y = x / √Σ x²`. Any shape to the same shape.

use super::{
    ANY_INPUT, ANY_OUTPUT, Category, InputPort, LayerKind, LowerError, OutputPort, Sample, only, sequence,
    vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct UnitNormalization {
    }
}

impl LayerKind for UnitNormalization {
    const KEY: &'static str = "unit_normalization";
    const NAME: Text = Text::new("L2 normalisation", "L2 归一化");
    const ABOUT: Text = Text::new(
        "Scales each vector to length 1, so that only its direction counts: y = x / ‖x‖.",
        "将每个向量缩放为长度 1，只保留方向：y = x / ‖x‖。",
    );
    const CATEGORY: Category = Category::Normalisation;
    const INPUTS: &'static [InputPort] = ANY_INPUT;
    const OUTPUTS: &'static [OutputPort] = ANY_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let input = only(inputs)?;
        let x = lowering.value_of(0, &input)?;
        let y = lowering.activation(input.shape.size())?;
        let inverse = lowering.saved(input.shape.steps())?;
        lowering.push(ops::UnitNorm {
            x,
            y,
            inverse,
            width: input.shape.width(),
        });
        Ok(vec![Signal::new(input.shape, y).masked(input.mask)])
    }

    fn samples() -> Vec<Sample> {
        vec![
            Sample::new(Self::default(), [vector(4)]),
            Sample::new(Self::default(), [sequence(3, 2)]),
        ]
    }
}
