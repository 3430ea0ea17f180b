//! Copies columns: `y[:, y_start..y_start + width] = x[:, x_start..x_start + width]`. Concatenation is one such op per
//! input, a slice is a single one.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Copies columns of x to columns of y.
#[derive(Clone, Debug, PartialEq)]
pub struct Columns {
    /// Input.
    pub x: ValueId,
    /// Width of the input.
    pub x_width: usize,
    /// First column that is read.
    pub x_start: usize,
    /// Output.
    pub y: ValueId,
    /// Width of the output.
    pub y_width: usize,
    /// First column that is written.
    pub y_start: usize,
    /// Number of columns.
    pub width: usize,
    /// Steps per row of the batch.
    pub steps: usize,
}

impl Operation for Columns {
    const KEY: &'static str = "columns";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
    }

    cpu_kernels!();
}
