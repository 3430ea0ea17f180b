//! `y = x`, but `dx = factor dy`: 0 stops the gradient, a negative factor reverses it.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Changes the gradient only.
#[derive(Clone, Debug, PartialEq)]
pub struct GradientScale {
    /// Input.
    pub x: ValueId,
    /// Output.
    pub y: ValueId,
    /// Factor of the gradient.
    pub factor: f32,
}

impl Operation for GradientScale {
    const KEY: &'static str = "gradient_scale";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.x, self.y) == (other.x, other.y)
    }

    cpu_kernels!();
}
