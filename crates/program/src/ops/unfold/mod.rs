//! Windows of a sequence side by side, so that a convolution is one product:
//! `y[t] = (x[t s - p], x[t s - p + 1], …, x[t s - p + k - 1])` with stride s, padding p before the start and window k. What lies
//! outside the sequence or is masked is 0. Gradient: every step gets the sum over the windows that it is in.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Copies the windows of a sequence into rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Unfold {
    /// Input, `length × width`.
    pub x: ValueId,
    /// Mask over the steps.
    pub mask: Option<ValueId>,
    /// Output, `out_length × (window · width)`.
    pub y: ValueId,
    /// Steps of the input.
    pub length: usize,
    /// Numbers per step.
    pub width: usize,
    /// Steps per window.
    pub window: usize,
    /// Steps between the starts of windows.
    pub stride: usize,
    /// Steps of padding before the first.
    pub before: usize,
    /// Number of windows.
    pub out_length: usize,
}

impl Operation for Unfold {
    const KEY: &'static str = "unfold";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        if let Some(value) = self.mask {
            visit(Access::ReadOnly, value);
        }
        visit(Access::Write, self.y);
    }

    cpu_kernels!();
}
