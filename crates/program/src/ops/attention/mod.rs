//! Scaled dot-product attention with several heads. Per row and head, with q, k, v of `length × depth`:
//!
//! ```text
//! S = q kᵀ / √depth      P = softmax over the keys that count      y = P v
//! ```
//!
//! Gradient: `dv = Pᵀ dy`, `dP = dy vᵀ`, `dS = P ⊙ (dP - Σ P dP) / √depth`, `dq = dS k`, `dk = dSᵀ q`. A row in which no key counts gives 0.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Multi-head self-attention.
#[derive(Clone, Debug, PartialEq)]
pub struct Attention {
    /// q of all heads, `length × (heads · depth)`.
    pub queries: ValueId,
    /// k.
    pub keys: ValueId,
    /// v.
    pub values: ValueId,
    /// Mask over the keys.
    pub mask: Option<ValueId>,
    /// Output, as q.
    pub y: ValueId,
    /// P, `heads × length × length`.
    pub weights: ValueId,
    /// dS of one head of one row.
    pub dscores: ValueId,
    /// Number of steps.
    pub length: usize,
    /// Number of heads.
    pub heads: usize,
    /// Numbers per head.
    pub depth: usize,
}

impl Operation for Attention {
    const KEY: &'static str = "attention";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.queries);
        visit(Access::Read, self.keys);
        visit(Access::Read, self.values);
        if let Some(value) = self.mask {
            visit(Access::ReadOnly, value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.weights);
        visit(Access::Own, self.dscores);
    }

    fn macs(&self) -> u64 {
        let per_head = (self.length as u64)
            .saturating_mul(self.length as u64)
            .saturating_mul(2 * self.depth as u64);
        per_head.saturating_mul(self.heads as u64)
    }

    cpu_kernels!();
}
