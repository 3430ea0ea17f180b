//! Mixes experts by a gate: `y = Σ_e w_e x_e` (MMoE: one gate per task over shared experts).
//!
//! | experts | gate | output |
//! |---|---|---|
//! | n vectors of equal width | vector of n, usually a Dense layer with softmax | vector of that width |

use super::{
    Category, InputPort, LayerKind, LowerError, OutputPort, PortKind, Sample, Shape, VECTOR_OUTPUT, vector,
};
use crate::lowering::{Lowering, Signal};
use mtl_base::text::Text;
use mtl_program::ops;

mtl_base::settings! {
    /// The layer has no settings.
    pub struct Mixture {
    }
}

impl LayerKind for Mixture {
    const KEY: &'static str = "mixture";
    const NAME: Text = Text::new("Mixture of experts", "混合专家（MoE）");
    const ABOUT: Text = Text::new(
        "Weighs experts by a gate: y = Σ w_e x_e. The gate is usually a Dense layer with softmax and one unit per expert; \
         in MMoE every task has a gate of its own over the same experts.",
        "按门控权重混合各专家：y = Σ w_e x_e。门控通常是每个专家一个单元、带 softmax 的全连接层；在 MMoE 中，每个任务对同一组专家有各自的门控。",
    );
    const CATEGORY: Category = Category::Gate;
    const INPUTS: &'static [InputPort] = &[
        InputPort::many("experts", "专家", PortKind::Vector),
        InputPort::one("gate", "门控", PortKind::Vector),
    ];
    const OUTPUTS: &'static [OutputPort] = VECTOR_OUTPUT;

    fn lower(&self, lowering: &mut Lowering<'_>, inputs: &[Signal]) -> Result<Vec<Signal>, LowerError> {
        let Some((gate, experts)) = inputs.split_last().filter(|(_, experts)| !experts.is_empty()) else {
            return Err(LowerError::Count {
                expected: 2,
                got: inputs.len(),
            });
        };
        let first = experts[0].shape;
        let width = first.width();
        let mut values = Vec::with_capacity(experts.len());
        for expert in experts {
            if expert.shape != first {
                return Err(LowerError::UnequalShapes {
                    first,
                    got: expert.shape,
                });
            }
            values.push(lowering.value_of(0, expert)?);
        }
        if gate.shape.width() != experts.len() {
            return Err(LowerError::Gate {
                experts: experts.len(),
                got: gate.shape.width(),
            });
        }
        let gate = lowering.value_of(1, gate)?;
        let gate = lowering.distinct(gate, &values)?;
        let y = lowering.activation(width)?;
        lowering.push(ops::Mixture {
            experts: values,
            weights: gate,
            y,
            width,
            steps: 1,
        });
        Ok(vec![Signal::new(Shape::Vector { width }, y)])
    }

    fn samples() -> Vec<Sample> {
        vec![Sample::new(Self::default(), [vector(3), vector(3), vector(2)])]
    }
}
