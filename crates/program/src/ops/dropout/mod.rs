//! `y = x k`, where k is 0 with probability `rate` and `1 / (1 - rate)` otherwise; gradient `dx = k dy`.
//!
//! k comes from a counter: a hash of (run seed, node, step, position), so that it does not depend on what was drawn
//! elsewhere, and a shader can compute the same. When not training, `y = x`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

pub use cpu::counter_key;
pub(crate) use cpu::hash;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Dropout: zeroes each element with a given probability.
#[derive(Clone, Debug, PartialEq)]
pub struct DropoutMask {
    /// Input.
    pub x: ValueId,
    /// Output.
    pub y: ValueId,
    /// k of the last forward pass.
    pub kept: ValueId,
    /// Probability that an element is zeroed.
    pub rate: f32,
    /// Hash of the node, the key of its random numbers.
    pub stream: u64,
}

impl Operation for DropoutMask {
    const KEY: &'static str = "dropout";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
        visit(Access::Own, self.kept);
    }

    fn same_structure(&self, other: &Self) -> bool {
        self.x == other.x && self.y == other.y
    }

    cpu_kernels!();
}
