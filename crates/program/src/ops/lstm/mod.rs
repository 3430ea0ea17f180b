//! LSTM over all steps, with Keras's gate order i, f, g, o:
//!
//! ```text
//! z_t = x_t W + h_{t-1} U + b
//! i, f, g, o = σ z_i, σ z_f, tanh z_g, σ z_o
//! c_t = f c_{t-1} + i g          h_t = o tanh c_t
//! ```
//!
//! A masked step carries h and c on. Rows are packed by falling length (see
//! [`RowOrder`](crate::operation::RowOrder)), step by step, so that padding after a row's last token costs nothing and
//! `x W` for all steps is one product; so are dW and dU. Gradient, with δ = dh_t and ε = dc_t, from the last step back:
//!
//! ```text
//! ε += δ o (1 - tanh² c_t)
//! dz_o = δ tanh c_t o (1 - o)    dz_f = ε c_{t-1} f (1 - f)
//! dz_i = ε g i (1 - i)           dz_g = ε i (1 - g²)
//! dh_{t-1} = dz Uᵀ               dc_{t-1} = ε f
//! ```

mod cpu;
#[cfg(feature = "gpu")]
mod gpu;
#[cfg(feature = "reference")]
mod reference;

use crate::ids::ValueId;
use crate::operation::recurrence::{Recurrence, recurrent_operation};

/// An LSTM layer.
#[derive(Clone, Debug, PartialEq)]
pub struct LstmCells {
    /// What every recurrent op has; the gates are i, f, g and o.
    pub recurrence: Recurrence,
    /// c, `length × units`.
    pub cells: ValueId,
    /// tanh c, `length × units`.
    pub squashed: ValueId,
    /// dz, `length × 4 units`.
    pub dz: ValueId,
    /// Gradients that are carried from step to step in the backward pass, `3 units`.
    pub carried: ValueId,
}

recurrent_operation!(LstmCells, "lstm", [cells, squashed, dz, carried]);
