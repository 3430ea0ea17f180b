//! Cross-entropy of ordered classes from one score s (the proportional odds model): thresholds `θ_0 < θ_1 < …`,
//! `P(y > k) = σ(s - θ_k)`, `p_k = P(y > k - 1) - P(y > k)`, `l = -log p_y`.
//!
//! The parameter holds θ_0 and, for the order to stay, d_k with `θ_k = θ_{k-1} + softplus(d_k)`. With u = σ(s - θ_{y-1}) (1 for the
//! first class) and v = σ(s - θ_y) (0 for the last): `dl/ds = u + v - 1`, `dl/dθ_{y-1} = u (1 - u) / p_y`, `dl/dθ_y = -v (1 - v) / p_y`.
//!
//! Means, weights and missing targets: see [`losses`](crate::losses).

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// Loss and prediction of ordered classes.
#[derive(Clone, Debug, PartialEq)]
pub struct OrdinalLoss {
    /// Index of the task.
    pub task_idx: usize,
    /// s, one number.
    pub logits: ValueId,
    /// θ_0, d_1, d_2, …; one fewer than classes.
    pub thresholds: ParameterId,
    /// p, `n_classes`.
    pub probabilities: ValueId,
    /// θ and dθ, `2 (n_classes - 1)` numbers.
    pub cuts: ValueId,
    /// Number of classes.
    pub n_classes: usize,
    /// Weight of each class; empty when all are 1.
    pub class_weights: Vec<f32>,
}

impl Operation for OrdinalLoss {
    const KEY: &'static str = "ordinal_loss";

    fn loss_of(&self) -> Option<usize> {
        Some(self.task_idx)
    }

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.logits);
        visit(Access::Write, self.probabilities);
        visit(Access::Own, self.cuts);
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.thresholds);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.task_idx, self.logits, self.probabilities)
            == (other.task_idx, other.logits, other.probabilities)
    }

    cpu_kernels!();
}
