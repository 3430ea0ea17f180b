//! The [`Operation`] trait, how ops access values, and the context in which they run. Nothing in this module depends on
//! the list of ops ([`crate::ops`]).

mod context;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod product;
pub mod recurrence;
#[cfg(feature = "reference")]
pub mod reference;
mod row_order;

pub use context::{At, Cpu, Memory, ParameterGradients, Seed};
pub use row_order::RowOrder;

use crate::ids::{ParameterId, ValueId};

/// How an op accesses a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Reads it in forward, and gives it a gradient in backward.
    Read,
    /// Reads it in forward; it has no gradient.
    ReadOnly,
    /// Writes it in forward, and reads its gradient in backward.
    Write,
    /// Saves it from forward to backward, or uses it as scratch space within one of them.
    Own,
}

/// Interface of an op.
pub trait Operation: Clone + PartialEq {
    /// Stable name, as profiles show it.
    const KEY: &'static str;

    /// The task whose loss the op computes: backpropagation of that loss starts here.
    fn loss_of(&self) -> Option<usize> {
        None
    }

    /// Calls `visit` for each value that it accesses.
    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId));

    /// Calls `visit` for each parameter that it reads.
    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        let _ = visit;
    }

    /// Multiply-adds of a forward pass for one example.
    fn macs(&self) -> u64 {
        0
    }

    /// Whether `other` is the same op up to rates and weights, which may change during a run.
    fn same_structure(&self, other: &Self) -> bool {
        self == other
    }

    /// Forward pass: computes the outputs from the inputs.
    fn forward(&self, cpu: &mut Cpu<'_>);

    /// Backward pass: accumulates into the gradients of the inputs.
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
