//! GRU over all steps, as Keras's with `reset_after`, gate order z, r, h:
//!
//! ```text
//! a = x_t W + b_0        e = h_{t-1} U + b_1
//! z = σ(a_z + e_z)       r = σ(a_r + e_r)       g = tanh(a_h + r e_h)
//! h_t = z h_{t-1} + (1 - z) g
//! ```
//!
//! A masked step carries h on; rows are packed as for the [LSTM](crate::ops::lstm). Gradient, with δ = dh_t:
//!
//! ```text
//! da_h = δ (1 - z) (1 - g²)      da_r = da_h e_h r (1 - r)      da_z = δ (h_{t-1} - g) z (1 - z)
//! de = (da_z, da_r, r da_h)      dh_{t-1} = δ z + de Uᵀ
//! ```

mod cpu;

use super::{Access, Operation};
use crate::{
    backend::cpu::Cpu,
    plan::{OrderId, ParameterId, ValueId},
};

/// A GRU layer.
#[derive(Clone, Debug, PartialEq)]
pub struct GruCells {
    /// Input, `length × n_in`.
    pub x: ValueId,
    /// Which steps count.
    pub mask: Option<ValueId>,
    /// W, `n_in × 3 units`.
    pub kernel: ParameterId,
    /// U, `units × 3 units`.
    pub recurrent_kernel: ParameterId,
    /// b, `2 × 3 units`.
    pub bias: ParameterId,
    /// The last h, or every h.
    pub y: ValueId,
    /// Order of the rows.
    pub order: OrderId,
    /// Packed x, `length × n_in`.
    pub packed_x: ValueId,
    /// z, r and g, `length × 3 units`.
    pub gates: ValueId,
    /// e, `length × 3 units`.
    pub inner: ValueId,
    /// h of the step before, `length × units`.
    pub previous: ValueId,
    /// Current h, `units`.
    pub state: ValueId,
    /// da, `length × 3 units`.
    pub da: ValueId,
    /// de, `length × 3 units`.
    pub de: ValueId,
    /// Gradients on their way back, `2 units`.
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

impl Operation for GruCells {
    const KEY: &'static str = "gru";

    fn visit_values(&self, visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        if let Some(value) = self.mask {
            visit(Access::ReadOnly, value);
        }
        visit(Access::Write, self.y);
        visit(Access::Own, self.packed_x);
        visit(Access::Own, self.gates);
        visit(Access::Own, self.inner);
        visit(Access::Own, self.previous);
        visit(Access::Own, self.state);
        visit(Access::Own, self.da);
        visit(Access::Own, self.de);
        visit(Access::Own, self.carried);
        visit(Access::Own, self.packed_dx);
    }

    fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.kernel);
        visit(self.recurrent_kernel);
        visit(self.bias);
    }

    fn macs(&self) -> u64 {
        let per_step = (self.n_in as u64 + self.units as u64).saturating_mul(3 * self.units as u64);
        per_step.saturating_mul(self.length as u64)
    }

    fn forward(&self, cpu: &mut Cpu<'_>) {
        cpu::forward(self, cpu);
    }

    fn backward(&self, cpu: &mut Cpu<'_>) {
        cpu::backward(self, cpu);
    }
}
