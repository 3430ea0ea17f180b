//! The largest of equal shapes: `y = max_i x_i`; the gradient goes, in equal parts, to those that reach the maximum.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// The largest, element by element.
#[derive(Clone, Debug, PartialEq)]
pub struct Maximum {
    /// Inputs.
    pub terms: Vec<ValueId>,
    /// Output.
    pub y: ValueId,
    /// How many inputs reach the maximum.
    pub counts: ValueId,
}

impl Operation for Maximum {
    const KEY: &'static str = "maximum";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        for value in &self.terms {
            visit(Access::Read, *value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.counts);
    }

    cpu_kernels!();
}
