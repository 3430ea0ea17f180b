//! The scalar product of two vectors: `y = Σ_i a_i b_i`; gradient `da = dy b`, `db = dy a`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// The scalar product.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// One vector.
    pub a: ValueId,
    /// The other, another value.
    pub b: ValueId,
    /// Output, one number.
    pub y: ValueId,
    /// Numbers per vector.
    pub width: usize,
}

impl Operation for Dot {
    const KEY: &'static str = "dot";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.a);
        visit(Access::Read, self.b);
        visit(Access::Write, self.y);
    }

    fn macs(&self) -> u64 {
        self.width as u64
    }

    cpu_kernels!();
}
