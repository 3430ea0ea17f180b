//! Cross-entropy of logits: `l = log Σ_j e^z_j - z_y`, `p = softmax(z)`, `dl/dz = p - onehot(y)`.
//!
//! Means, weights and missing targets: see [`losses`](crate::losses).

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Softmax and cross-entropy, fused.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassesLoss {
    /// Index of the task.
    pub task_idx: usize,
    /// z.
    pub logits: ValueId,
    /// p.
    pub probabilities: ValueId,
    /// Number of classes.
    pub n_classes: usize,
    /// Weight of each class; empty when all are 1.
    pub class_weights: Vec<f32>,
}

impl Operation for ClassesLoss {
    const KEY: &'static str = "classes_loss";

    fn loss_of(&self) -> Option<usize> {
        Some(self.task_idx)
    }

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.logits);
        visit(Access::Write, self.probabilities);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.task_idx, self.logits, self.probabilities)
            == (other.task_idx, other.logits, other.probabilities)
    }

    cpu_kernels!();
}
