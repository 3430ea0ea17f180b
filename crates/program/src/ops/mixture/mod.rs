//! A mixture of experts: `y = Σ_e w_e x_e`, with one weight per expert and step (a vector is one step). With a mask for the weights
//! of a single expert it clears the steps that are padding. Gradient `dx_e = w_e dy`,
//! `dw_e = x_e · dy`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::{Access, Operation, cpu_kernels};

/// Sum of the experts' outputs, weighted by a gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Mixture {
    /// Outputs of the experts, `width` each.
    pub experts: Vec<ValueId>,
    /// The gate: one number per expert.
    pub weights: ValueId,
    /// Output, `width`.
    pub y: ValueId,
    /// Numbers per expert.
    pub width: usize,
    /// Steps per row of the batch.
    pub steps: usize,
}

impl Operation for Mixture {
    const KEY: &'static str = "mixture";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        for expert in &self.experts {
            visit(Access::Read, *expert);
        }
        visit(Access::Read, self.weights);
        visit(Access::Write, self.y);
    }

    fn macs(&self) -> u64 {
        (self.experts.len() as u64)
            .saturating_mul(self.width as u64)
            .saturating_mul(self.steps as u64)
    }

    cpu_kernels!();
}
