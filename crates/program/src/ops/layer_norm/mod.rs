//! Normalises each step over its width: `n = (x - mean x) / √(var x + ε)`, `y = γ n + β`. Gradient, with g = γ dy:
//! `dx = (g - mean g - n mean(g n)) / √(var x + ε)`, `dγ = Σ dy n`, `dβ = Σ dy`.

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// Normalises over the width.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerNorm {
    /// Input.
    pub x: ValueId,
    /// γ, `width`.
    pub gamma: ParameterId,
    /// β, `width`.
    pub beta: ParameterId,
    /// Output.
    pub y: ValueId,
    /// n.
    pub normalized: ValueId,
    /// 1 / √(var + ε), one per step.
    pub inverse: ValueId,
    /// ε.
    pub epsilon: f32,
    /// Steps per row of the batch.
    pub steps: usize,
    /// Numbers per step.
    pub width: usize,
}

impl Operation for LayerNorm {
    const KEY: &'static str = "layer_norm";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
        visit(Access::Own, self.normalized);
        visit(Access::Own, self.inverse);
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.gamma);
        visit(self.beta);
    }

    cpu_kernels!();
}
