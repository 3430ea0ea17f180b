//! From a sequence to a vector.
//!
//! | rule | y_j | gradient |
//! |---|---|---|
//! | mean | Σ_t m_t x_tj / Σ_t m_t | dx_tj = m_t dy_j / Σ_t m_t |
//! | sum | Σ_t m_t x_tj | dx_tj = m_t dy_j |
//! | max | max over m_t ≠ 0 of x_tj | dy_j, in equal parts to the steps that reach the maximum |
//!
//! All give 0, and no gradient, where no step counts.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Pools over the steps of a sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Pooling rule.
    pub rule: PoolRule,
    /// Input, `length × width`.
    pub x: ValueId,
    /// Mask over the steps.
    pub mask: Option<ValueId>,
    /// Output, `width`.
    pub y: ValueId,
    /// Number of steps.
    pub length: usize,
    /// Numbers per step.
    pub width: usize,
}

/// Pooling rule: how the steps are combined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolRule {
    /// Their mean.
    Mean,
    /// Their sum.
    Sum,
    /// Their largest value, per column.
    Max,
}

impl Operation for Pool {
    const KEY: &'static str = "pool";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        if let Some(mask) = self.mask {
            visit(Access::ReadOnly, mask);
        }
        visit(Access::Write, self.y);
    }

    fn macs(&self) -> u64 {
        (self.length as u64).saturating_mul(self.width as u64)
    }

    cpu_kernels!();
}
