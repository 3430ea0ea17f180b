//! A product that is broadcast over steps: `y_t = x_t ⊙ g`, with x of `steps × width` and one vector g of `width` per row (a vector is
//! one step). Gradient `dx_t = dy_t ⊙ g`, `dg = Σ_t x_t ⊙ dy_t`.
//!
//! There is no mask: a step that is padding is multiplied as any other, and stays masked.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Multiplies every step by the same vector.
#[derive(Clone, Debug, PartialEq)]
pub struct BroadcastMultiply {
    /// Input, `steps × width`.
    pub x: ValueId,
    /// The vector g, `width`.
    pub gate: ValueId,
    /// Output, `steps × width`.
    pub y: ValueId,
    /// Numbers per step.
    pub width: usize,
    /// Steps per row of the batch.
    pub steps: usize,
}

impl Operation for BroadcastMultiply {
    const KEY: &'static str = "broadcast_multiply";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Read, self.gate);
        visit(Access::Write, self.y);
    }

    fn macs(&self) -> u64 {
        (self.steps as u64).saturating_mul(self.width as u64)
    }

    cpu_kernels!();
}
