//! Normalises each column over the batch (and over the steps that count): `n = (x - μ) / √(v + ε)`, `y = γ n + β`.
//!
//! While training μ and v are the batch's mean and variance (biased: divided by the number of steps that count), and the running ones
//! move towards them: `m ← (1 - r) m + r μ` with `r = (1 - momentum) · rows / rows of a full batch`. For a full batch that is what Keras computes;
//! a last batch of fewer rows weighs as many rows as it has (in Keras and in PyTorch as much as a full one). PyTorch's running variance is the unbiased one, `N / (N - 1)`
//! times as large, and its `momentum` is `1 - momentum` here.
//!
//! The running statistics are used, and stay, in predictions, when the layer is frozen (as in Keras), and in a training batch in which at most one
//! step counts: one value has no variance (PyTorch refuses it; Keras gives β whatever the input, and moves the variance towards 0).
//!
//! Gradient with the batch's statistics, with g = γ dy and means over the steps that count: `dx = (g - mean g - n mean(g n)) / √(v + ε)`;
//! with running ones `dx = g / √(v + ε)`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// Normalises over the batch.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchNorm {
    /// Input.
    pub x: ValueId,
    /// Mask over the steps.
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
    /// Whether training too uses the running statistics and leaves them as they are.
    pub frozen: bool,
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
