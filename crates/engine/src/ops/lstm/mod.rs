//! LSTM over all steps, with Keras's gate order i, f, g, o:
//!
//! ```text
//! z_t = x_t W + h_{t-1} U + b
//! i, f, g, o = σ z_i, σ z_f, tanh z_g, σ z_o
//! c_t = f c_{t-1} + i g          h_t = o tanh c_t
//! ```
//!
//! A masked step carries h and c on. Rows are packed by falling length (see
//! [`RowOrder`](crate::backend::cpu::RowOrder)), step by step, so that padding after a row's last token costs nothing and
//! `x W` for all steps is one product; so are dW and dU. Gradient, with δ = dh_t and ε = dc_t, from the last step back:
//!
//! ```text
//! ε += δ o (1 - tanh² c_t)
//! dz_o = δ tanh c_t o (1 - o)    dz_f = ε c_{t-1} f (1 - f)
//! dz_i = ε g i (1 - i)           dz_g = ε i (1 - g²)
//! dh_{t-1} = dz Uᵀ               dc_{t-1} = ε f
//! ```

mod cpu;

use super::{Access, Operation};
use crate::{
    backend::cpu::Cpu,
    plan::{OrderId, ParameterId, ValueId},
};

/// An LSTM layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LstmCells {
    /// Input, `length × n_in`.
    pub x: ValueId,
    /// Which steps count.
    pub mask: Option<ValueId>,
    /// W, `n_in × 4 units`.
    pub kernel: ParameterId,
    /// U, `units × 4 units`.
    pub recurrent_kernel: ParameterId,
    /// b, `4 units`.
    pub bias: ParameterId,
    /// The last h, or every h.
    pub y: ValueId,
    /// Order of the rows.
    pub order: OrderId,
    /// Packed x, `length × n_in`.
    pub packed_x: ValueId,
    /// Gates after σ and tanh, `length × 4 units`.
    pub gates: ValueId,
    /// c, `length × units`.
    pub cells: ValueId,
    /// tanh c, `length × units`.
    pub squashed: ValueId,
    /// h of the step before, `length × units`.
    pub previous: ValueId,
    /// Current h, `units`.
    pub state: ValueId,
    /// dz, `length × 4 units`.
    pub dz: ValueId,
    /// Gradients on their way back, `3 units`.
    pub carried: ValueId,
    /// Packed dx, `length × n_in`.
    pub packed_dx: ValueId,
    /// Steps.
    pub length: usize,
    /// Width of the input.
    pub n_in: usize,
    /// Width of the state.
    pub units: usize,
    /// Whether every h is given.
    pub sequences: bool,
    /// Reads from the last step to the first.
    pub backwards: bool,
}

impl Operation for LstmCells {
    const KEY: &'static str = "lstm";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        if let Some(mask) = self.mask {
            visit(Access::ReadOnly, mask);
        }
        visit(Access::Write, self.y);
        let own = [
            self.packed_x,
            self.gates,
            self.cells,
            self.squashed,
            self.previous,
            self.state,
            self.dz,
            self.carried,
            self.packed_dx,
        ];
        for value in own {
            visit(Access::Own, value);
        }
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.kernel);
        visit(self.recurrent_kernel);
        visit(self.bias);
    }

    fn macs(&self) -> u64 {
        let per_step = (self.n_in as u64 + self.units as u64).saturating_mul(4 * self.units as u64);
        per_step.saturating_mul(self.length as u64)
    }

    fn forward(&self, cpu: &mut Cpu<'_>) {
        cpu::forward(self, cpu);
    }

    fn backward(&self, cpu: &mut Cpu<'_>) {
        cpu::backward(self, cpu);
    }
}
