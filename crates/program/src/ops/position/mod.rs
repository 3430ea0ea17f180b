//! Adds a learnt vector per position: `y_t = x_t + P_t`; gradient `dx = dy`, `dP = Σ_rows dy`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// Adds a table of positions.
#[derive(Clone, Debug, PartialEq)]
pub struct AddPosition {
    /// Input, `length × width`.
    pub x: ValueId,
    /// P, `length × width`.
    pub table: ParameterId,
    /// Output.
    pub y: ValueId,
}

impl Operation for AddPosition {
    const KEY: &'static str = "position";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.table);
    }

    cpu_kernels!();
}
