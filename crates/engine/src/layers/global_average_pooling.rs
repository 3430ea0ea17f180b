//! Mean over the steps that are not masked: `y = Σ_t m_t x_t / Σ_t m_t`; 0 where no step is known. Sequence `length × n` to vector of n.

use super::{
    Category, InputPort, LayerKind, LowerError, OutputPort, SEQUENCE_INPUT, Sample, VECTOR_OUTPUT, only,
    pool::pool, sequence,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops::PoolRule;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct GlobalAveragePooling {
    }
}

impl LayerKind for GlobalAveragePooling {
    const KEY: &'static str = "global_average_pooling";
    const NAME: Text = Text::new("Average pooling", "平均池化");
    const ABOUT: Text = Text::new(
        "The mean over the steps that are not padding; 0 for a row without any such step.",
        "对非填充的步取平均；全是填充的行输出 0。",
    );
    const CATEGORY: Category = Category::Pooling;
    const INPUTS: &'static [InputPort] = SEQUENCE_INPUT;
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        Ok(vec![pool(lowering, &only(inputs)?, PoolRule::Mean)?])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self::default(), [sequence(4, 3)])]
    }
}
