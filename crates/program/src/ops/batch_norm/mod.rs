//! Normalises each column over the batch (and over the steps that count): `n = (x - μ) / √(v + ε)`, `y = γ n + β`.
//!
//! While training μ and v are the batch's mean and variance, and the running ones move towards them:
//! `m ← momentum m + (1 - momentum) μ`; otherwise the running ones are used. Gradient while training, with g = γ dy and means over
//! the rows that count: `dx = (g - mean g - n mean(g n)) / √(v + ε)`; otherwise `dx = g / √(v + ε)`.

mod cpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// Normalises over the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Input.
    pub x: ValueId,
    /// Which steps count.
    pub mask: Option<ValueId>,
    /// γ, `width`.
    pub gamma: ParameterId,
    /// β, `width`.
    pub beta: ParameterId,
    /// Running mean, `width`.
    pub moving_mean: ParameterId,
    /// Running variance, `width`.
    pub moving_variance: ParameterId,
    /// Output.
    pub y: ValueId,
    /// n.
    pub normalized: ValueId,
    /// μ, 1 / √(v + ε) and two sums, `4 width`.
    pub statistics: ValueId,
    /// Share of the running statistics that is kept.
    pub momentum: f32,
    /// ε.
    pub epsilon: f32,
    /// Numbers per step.
    pub width: usize,
}

impl Operation for BatchNorm {
    const KEY: &'static str = "batch_norm";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        if let Some(value) = self.mask {
            visit(Access::ReadOnly, value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.normalized);
        visit(Access::Own, self.statistics);
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.gamma);
        visit(self.beta);
        visit(self.moving_mean);
        visit(self.moving_variance);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.x, self.y, self.width) == (other.x, other.y, other.width)
    }

    cpu_kernels!();
}
