//! Shared by the recurrent ops: order of the steps, masks, and outputs.

use ndarray::{Array2, Array3, Axis, s};

use super::Arrays;
use crate::{ids::ValueId, operation::recurrence::Recurrence};

/// The operands of a recurrent op, read step by step.
pub(crate) struct Unrolled {
    /// Input, `rows × length × n_in`.
    pub x: Array3<f64>,
    /// W, `n_in × gates · units`.
    pub w: Array2<f64>,
    /// U, `units × gates · units`.
    pub u: Array2<f64>,
    mask: Array2<f64>,
    y: ValueId,
    sequences: bool,
    backwards: bool,
}

impl Unrolled {
    pub fn new(op: &Recurrence, arrays: &Arrays) -> Self {
        Self {
            x: arrays.value(op.x, [op.length, op.n_in]),
            w: arrays.parameter(op.kernel, [op.n_in, op.width()]),
            u: arrays.parameter(op.recurrent_kernel, [op.units, op.width()]),
            mask: arrays.mask(op.mask, op.length),
            y: op.y,
            sequences: op.sequences,
            backwards: op.backwards,
        }
    }

    /// The steps in the order in which they are processed.
    pub fn order(&self) -> std::vec::IntoIter<usize> {
        let length = self.x.len_of(Axis(1));
        let order: Vec<usize> = if self.backwards {
            (0..length).rev().collect()
        } else {
            (0..length).collect()
        };
        order.into_iter()
    }

    /// x_t, `rows × n_in`.
    pub fn x_at(&self, t: usize) -> Array2<f64> {
        self.x.slice(s![.., t, ..]).to_owned()
    }

    /// The mask of step t, 1 or 0, `rows × 1`.
    pub fn counted(&self, t: usize) -> Array2<f64> {
        self.mask.slice(s![.., t..=t]).to_owned()
    }

    /// `m new + (1 - m) old`.
    pub fn carry(&self, t: usize, new: Array2<f64>, old: &Array2<f64>) -> Array2<f64> {
        let m = self.counted(t);
        new * &m + old * &(1.0 - m)
    }

    /// y from h after each step: all of them, or the last.
    pub fn output(&self, states: impl Iterator<Item = Array2<f64>>) -> Array3<f64> {
        let [rows, units] = [self.x.len_of(Axis(0)), self.u.nrows()];
        let mut y = Array3::zeros([
            rows,
            if self.sequences { self.x.len_of(Axis(1)) } else { 1 },
            units,
        ]);
        for (t, h) in self.order().zip(states) {
            y.slice_mut(s![.., if self.sequences { t } else { 0 }, ..])
                .assign(&h);
        }
        y
    }

    /// Gradient of h after step t that comes from y, when y has every step.
    pub fn state_gradient(&self, arrays: &Arrays, t: usize) -> Array2<f64> {
        let [rows, units] = [self.x.len_of(Axis(0)), self.u.nrows()];
        if !self.sequences {
            return Array2::zeros([rows, units]);
        }
        let dy = arrays.gradient(self.y, [self.x.len_of(Axis(1)), units]);
        dy.slice(s![.., t, ..]).to_owned()
    }

    /// Gradient of h after the last step that comes from y, when y is the last h.
    pub fn last_state_gradient(&self, arrays: &Arrays) -> Array2<f64> {
        let dy = arrays.gradient(self.y, self.u.nrows());
        if self.sequences {
            Array2::zeros([self.x.len_of(Axis(0)), self.u.nrows()])
        } else {
            dy
        }
    }
}
