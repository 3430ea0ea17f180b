//! `y_i = e^(x_i - max x) / Σ_j e^(x_j - max x)` over each row; gradient `dx = y ⊙ (dy - Σ_j y_j dy_j)`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Softmax over rows of `width`.
#[derive(Clone, Debug, PartialEq)]
pub struct Softmax {
    /// Input.
    pub x: ValueId,
    /// Output.
    pub y: ValueId,
    /// Steps per row of the batch.
    pub steps: usize,
    /// Numbers over which the output sums to 1.
    pub width: usize,
}

impl Operation for Softmax {
    const KEY: &'static str = "softmax";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
    }

    cpu_kernels!();
}
