//! What an op is: its trait, what it does with values, and what it may touch while it runs. Everything that the ops
//! themselves are written with is below the list of them ([`crate::ops`]).

mod context;
pub mod product;
pub mod recurrence;
#[cfg(feature = "reference")]
pub mod reference;
mod row_order;

pub use context::{At, Cpu, Memory, ParameterGradients, Seed, Touched};
pub use row_order::RowOrder;

use crate::ids::{ParameterId, ValueId};

/// What an op does with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reads it in forward, and gives it a gradient in backward.
    Read,
    /// Reads it in forward; it has no gradient.
    ReadOnly,
    /// Writes it in forward, and reads its gradient in backward.
    Write,
    /// Keeps it between its forward and its backward, or uses it within one of them.
    Own,
}

/// What every op is and does.
pub trait Operation: Clone + PartialEq {
    /// Stable name, as profiles show it.
    const KEY: &'static str;

    /// Whether gradients start here.
    const IS_LOSS: bool = false;

    /// Calls `visit` for each value that it touches.
    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId));

    /// Calls `visit` for each parameter that it reads.
    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        let _ = visit;
    }

    /// Multiply-adds of a forward pass for one example.
    fn macs(&self) -> u64 {
        0
    }

    /// Whether `other` differs in rates and weights only.
    fn same_structure(&self, other: &Self) -> bool {
        self == other
    }

    /// Computes what it writes from what it reads.
    fn forward(&self, cpu: &mut Cpu<'_>);

    /// Adds its share to the gradients of what it read.
    fn backward(&self, cpu: &mut Cpu<'_>);
}

/// The methods of an op whose kernels are in its module `cpu`.
macro_rules! cpu_kernels {
    () => {
        fn forward(&self, cpu: &mut crate::operation::Cpu<'_>) {
            cpu::forward(self, cpu);
        }

        fn backward(&self, cpu: &mut crate::operation::Cpu<'_>) {
            cpu::backward(self, cpu);
        }
    };
}
pub(crate) use cpu_kernels;
