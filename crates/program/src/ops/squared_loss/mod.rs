//! Squared error: `l = (z - y)²`, `dl/dz = 2 (z - y)`.
//!
//! Means, weights and missing targets: see [`losses`](crate::losses).

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Squared error of a prediction.
#[derive(Clone, Debug, PartialEq)]
pub struct SquaredLoss {
    /// Index of the task.
    pub task_idx: usize,
    /// z.
    pub logits: ValueId,
}

impl Operation for SquaredLoss {
    const KEY: &'static str = "squared_loss";

    fn loss_of(&self) -> Option<usize> {
        Some(self.task_idx)
    }

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.logits);
    }

    cpu_kernels!();
}
