//! Masks over steps: `m = 1` where the token is not padding, 0 elsewhere.
//!
//! | rule | m |
//! |---|---|
//! | known ids | 1 where id ≠ 0 |
//! | both | a b |
//! | either | max(a, b) |
//! | every | a at every stride-th step |

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::operation::{Access, Operation};
use crate::{
    ids::{SlotId, ValueId},
    operation::Cpu,
};

/// Computes a mask, `length` numbers per row.
#[derive(Clone, Debug, PartialEq)]
pub struct Mask {
    /// What the mask is computed from.
    pub rule: MaskRule,
    /// The mask.
    pub y: ValueId,
    /// Number of steps.
    pub length: usize,
}

/// Source of a mask.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaskRule {
    /// From token ids: 0 is padding.
    KnownIds(SlotId),
    /// Steps that are in both masks.
    Both(ValueId, ValueId),
    /// Steps that are in at least one of the masks.
    Either(ValueId, ValueId),
    /// Every `stride`-th step of a longer mask.
    Every {
        /// The longer mask.
        mask: ValueId,
        /// Steps between two that are kept.
        stride: usize,
        /// Steps of the longer mask.
        length: usize,
    },
}

impl Operation for Mask {
    const KEY: &'static str = "mask";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        match self.rule {
            MaskRule::KnownIds(_) => {}
            MaskRule::Both(a, b) | MaskRule::Either(a, b) => {
                visit(Access::ReadOnly, a);
                visit(Access::ReadOnly, b);
            }
            MaskRule::Every { mask, .. } => visit(Access::ReadOnly, mask),
        }
        visit(Access::Write, self.y);
    }

    fn forward(&self, cpu: &mut Cpu<'_>) {
        cpu::forward(self, cpu);
    }

    fn backward(&self, _cpu: &mut Cpu<'_>) {}
}
