//! `y = x + σ n` while training, with n standard normal, drawn as for [dropout](crate::ops::dropout) from a counter (Box and Muller:
//! `n = √(-2 log u_1) cos 2π u_2`); `y = x` otherwise. Gradient `dx = dy`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Adds Gaussian noise.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Input.
    pub x: ValueId,
    /// Output.
    pub y: ValueId,
    /// σ.
    pub deviation: f32,
    /// Hash of the node, the key of its random numbers.
    pub stream: u64,
}

impl Operation for Noise {
    const KEY: &'static str = "noise";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
    }

    fn same_structure(&self, other: &Self) -> bool {
        (self.x, self.y) == (other.x, other.y)
    }

    cpu_kernels!();
}
