//! Cross-entropy of a logit: `l = log(1 + e^z) - y z`, `p = 1 / (1 + e^-z)`, `dl/dz = p - y`; for one label per row, or for
//! several.
//!
//! Means, weights and missing targets: see [`losses`](crate::losses).

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::operation::{Access, Operation, cpu_kernels};
use crate::{ids::ValueId, losses::LossPlaces};

/// Sigmoid and cross-entropy, fused.
#[derive(Clone, Debug, PartialEq)]
pub struct BinaryLoss {
    /// Index of the task.
    pub task_idx: usize,
    /// z, `n_labels`.
    pub logits: ValueId,
    /// p, `n_labels`.
    pub probabilities: ValueId,
    /// Number of labels per row.
    pub n_labels: usize,
    /// For each label, the weights of target 0 and target 1; empty when all are 1.
    pub class_weights: Vec<f32>,
}

impl BinaryLoss {
    /// The loss of a head with `n_labels` labels.
    pub fn new(places: LossPlaces, n_labels: usize) -> Self {
        let LossPlaces {
            task_idx,
            logits,
            probabilities,
            class_weights,
        } = places;
        Self {
            task_idx,
            logits,
            probabilities,
            n_labels,
            class_weights,
        }
    }
}

impl Operation for BinaryLoss {
    const KEY: &'static str = "binary_loss";

    fn loss_of(&self) -> Option<usize> {
        Some(self.task_idx)
    }

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.logits);
        visit(Access::Write, self.probabilities);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.task_idx, self.logits, self.probabilities, self.n_labels)
            == (other.task_idx, other.logits, other.probabilities, other.n_labels)
    }

    cpu_kernels!();
}
