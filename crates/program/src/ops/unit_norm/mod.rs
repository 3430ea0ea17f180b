//! Scales each step to length 1: `y = x / √max(Σ x², ε)` with ε = 10⁻¹²; gradient `dx = (dy - y (y · dy)) / √(Σ x²)`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Scales to length 1.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitNorm {
    /// Input.
    pub x: ValueId,
    /// Output.
    pub y: ValueId,
    /// 1 / length, one per step.
    pub inverse: ValueId,
    /// Numbers per step.
    pub width: usize,
}

impl Operation for UnitNorm {
    const KEY: &'static str = "unit_norm";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
        visit(Access::Own, self.inverse);
    }

    cpu_kernels!();
}
