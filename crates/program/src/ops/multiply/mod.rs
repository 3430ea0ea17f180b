//! A product of equal shapes: `y = Π_i x_i`; gradient `dx_i = dy Π_{j ≠ i} x_j`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Multiplies element by element.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiply {
    /// Inputs, each another value.
    pub factors: Vec<ValueId>,
    /// Output.
    pub y: ValueId,
    /// dy times the other factors.
    pub partial: ValueId,
}

impl Operation for Multiply {
    const KEY: &'static str = "multiply";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        for value in &self.factors {
            visit(Access::Read, *value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.partial);
    }

    cpu_kernels!();
}
