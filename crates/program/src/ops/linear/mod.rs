//! `y = f(x W + b)` with the bias and f fused into the product.
//!
//! With `rows · steps` rows: x is n_in wide, W is n_in × n_out, y is n_out wide. Gradient, with `dz = dy ⊙ f'(z)`:
//! `dW = xᵀ dz`, `db = Σ dz`, `dx = dz Wᵀ`. f' is computed from y, but for GELU, which keeps z.

mod cpu;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::{ParameterId, ValueId};
use crate::operation::{Access, Operation, cpu_kernels};

/// A product with its bias and activation.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// Input.
    pub x: ValueId,
    /// W.
    pub kernel: ParameterId,
    /// b.
    pub bias: Option<ParameterId>,
    /// Output.
    pub y: ValueId,
    /// z, for GELU.
    pub pre_activation: Option<ValueId>,
    /// f.
    pub epilogue: Epilogue,
    /// Steps per row of the batch.
    pub steps: usize,
    /// Width of the input.
    pub n_in: usize,
    /// Width of the output.
    pub n_out: usize,
}

/// f, applied where the product is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Epilogue {
    /// z.
    Identity,
    /// max(z, 0).
    Relu,
    /// z Φ(z).
    Gelu,
    /// tanh z.
    Tanh,
    /// 1 / (1 + e^-z).
    Sigmoid,
}

impl Operation for Linear {
    const KEY: &'static str = "linear";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        visit(Access::Write, self.y);
        if let Some(value) = self.pre_activation {
            visit(Access::Own, value);
        }
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.kernel);
        if let Some(bias) = self.bias {
            visit(bias);
        }
    }

    fn macs(&self) -> u64 {
        (self.steps as u64)
            .saturating_mul(self.n_in as u64)
            .saturating_mul(self.n_out as u64)
    }

    cpu_kernels!();
}
