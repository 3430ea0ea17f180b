//! The second-order term of a factorisation machine over vectors v_i: `½ ((Σ_i v_i)² - Σ_i v_i²) = Σ_{i<j} v_i v_j`, element by element, or
//! summed over the elements. Gradient: `dv_i = dy (Σ_j v_j - v_i)`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Products of all pairs of vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Interaction {
    /// The vectors.
    pub terms: Vec<ValueId>,
    /// Output: `width` numbers, or their sum.
    pub y: ValueId,
    /// Σ v, `width`.
    pub sums: ValueId,
    /// Numbers per vector.
    pub width: usize,
    /// Whether the elements are summed.
    pub summed: bool,
}

impl Operation for Interaction {
    const KEY: &'static str = "interaction";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        for value in &self.terms {
            visit(Access::Read, *value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.sums);
    }

    fn macs(&self) -> u64 {
        (self.terms.len() as u64).saturating_mul(2 * self.width as u64)
    }

    cpu_kernels!();
}
