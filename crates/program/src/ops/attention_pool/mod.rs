//! A weighted mean over steps: `w = softmax over the steps that count of s`, `y = Σ_t w_t x_t`. Gradient: `dx_t = w_t dy`,
//! `ds_t = w_t (x_t · dy - y · dy)`. A row in which no step counts gives 0.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Mean over the steps, weighted by the softmax of their scores.
#[derive(Clone, Debug, PartialEq)]
pub struct AttentionPool {
    /// Input, `length × width`.
    pub x: ValueId,
    /// s, `length`.
    pub scores: ValueId,
    /// Mask over the steps.
    pub mask: Option<ValueId>,
    /// Output, `width`.
    pub y: ValueId,
    /// w, `length`.
    pub weights: ValueId,
    /// Number of steps.
    pub length: usize,
    /// Numbers per step.
    pub width: usize,
}

impl Operation for AttentionPool {
    const KEY: &'static str = "attention_pool";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Read, self.scores);
        if let Some(value) = self.mask {
            visit(Access::ReadOnly, value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.weights);
    }

    fn macs(&self) -> u64 {
        (self.length as u64).saturating_mul(self.width as u64)
    }

    cpu_kernels!();
}
