//! A weighted sum of equal shapes: `y = Σ_i s_i x_i`; gradient `dx_i = s_i dy`. Add, subtract, average and scale.

mod cpu;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// A weighted sum.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// Inputs with their factors.
    pub terms: Vec<(ValueId, f32)>,
    /// Output.
    pub y: ValueId,
}

impl Operation for Sum {
    const KEY: &'static str = "sum";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        for (x, _) in &self.terms {
            visit(Access::Read, *x);
        }
        visit(Access::Write, self.y);
    }

    fn same_structure(&self, other: &Self) -> bool {
        self.y == other.y
            && self.terms.len() == other.terms.len()
            && self.terms.iter().zip(&other.terms).all(|(a, b)| a.0 == b.0)
    }

    cpu_kernels!();
}
