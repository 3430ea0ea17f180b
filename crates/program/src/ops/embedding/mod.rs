//! Rows of a table: `y_t = E[id_t]`; gradient: `dE[id_t] += dy_t`, row by row, never over the whole table.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, SlotId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// Looks up `steps` rows per example.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbeddingLookup {
    /// Input slot of the ids.
    pub slot: SlotId,
    /// E, `cardinality × width`.
    pub table: ParameterId,
    /// The rows, `steps × width`.
    pub y: ValueId,
    /// Ids per example.
    pub steps: usize,
    /// Rows of the table.
    pub cardinality: usize,
    /// Numbers per row.
    pub width: usize,
}

impl Operation for EmbeddingLookup {
    const KEY: &'static str = "embedding";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Write, self.y);
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.table);
    }

    cpu_kernels!();
}
