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
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::recurrence::{Recurrence, recurrent_operation};

/// A GRU layer.
#[derive(Clone, Debug, PartialEq)]
pub struct GruCells {
    /// What every recurrent op has; the gates are z, r and g.
    pub recurrence: Recurrence,
    /// e, `length × 3 units`.
    pub inner: ValueId,
    /// da, `length × 3 units`.
    pub da: ValueId,
    /// de, `length × 3 units`.
    pub de: ValueId,
    /// Gradients that are carried from step to step in the backward pass, `2 units`.
    pub carried: ValueId,
}

recurrent_operation!(GruCells, "gru", [inner, da, de, carried]);
