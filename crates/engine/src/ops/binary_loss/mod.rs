//! Cross-entropy of a logit: `l = log(1 + e^z) - y z`, `p = 1 / (1 + e^-z)`, `dl/dz = p - y`.
//!
//! Means, weights and missing targets: see [`losses`](crate::losses).

mod cpu;

use super::{Access, Operation};
use crate::{backend::cpu::Cpu, plan::ValueId};

/// Sigmoid and cross-entropy, fused.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryLoss {
    /// Position of the task.
    pub task_idx: usize,
    /// z.
    pub logits: ValueId,
    /// p.
    pub probabilities: ValueId,
    /// Weights of the two classes; empty for 1.
    pub class_weights: Vec<f32>,
}

impl Operation for BinaryLoss {
    const KEY: &'static str = "binary_loss";
    const IS_LOSS: bool = true;

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.logits);
        visit(Access::Write, self.probabilities);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.task_idx, self.logits, self.probabilities)
            == (other.task_idx, other.logits, other.probabilities)
    }

    fn forward(&self, cpu: &mut Cpu<'_>) {
        cpu::forward(self, cpu);
    }

    fn backward(&self, cpu: &mut Cpu<'_>) {
        cpu::backward(self, cpu);
    }
}
