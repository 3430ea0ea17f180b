//! How recurrent ops walk a batch: steps of rows sorted by falling length, packed one step after the other.

use crate::{backend::cpu::RowOrder, kernels::vector::add_assign};

/// A walk over the rows of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    /// Rows by falling length.
    pub order: &'a RowOrder,
    /// From the last step of each row to its first.
    pub backwards: bool,
    /// Steps of a sequence, padding included.
    pub length: usize,
}

impl Walk<'_> {
    /// Start of packed step `step` of the row at `rank`, in a buffer of `rows × length × width`.
    fn start(&self, rank: usize, step: usize, width: usize) -> usize {
        let row_length = self.order.lengths[rank] as usize;
        let position = if self.backwards {
            row_length - 1 - step
        } else {
            step
        };
        (self.order.rows[rank] as usize * self.length + position) * width
    }

    /// Rows that are still going at packed step `step`.
    fn n_active(&self, step: usize) -> usize {
        self.order.starts[step + 1] - self.order.starts[step]
    }

    /// Copies the steps of `x` (`rows × length × width`) to packed rows.
    pub fn pack(&self, x: &[f32], packed: &mut [f32], width: usize) {
        for step in 0..self.order.n_steps() {
            let first = self.order.starts[step];
            for rank in 0..self.n_active(step) {
                let start = self.start(rank, step, width);
                packed[(first + rank) * width..(first + rank + 1) * width]
                    .copy_from_slice(&x[start..start + width]);
            }
        }
    }

    /// Adds packed rows to the steps of `x` that they came from.
    pub fn unpack_add(&self, packed: &[f32], x: &mut [f32], width: usize) {
        for step in 0..self.order.n_steps() {
            let first = self.order.starts[step];
            for rank in 0..self.n_active(step) {
                let start = self.start(rank, step, width);
                let source = &packed[(first + rank) * width..(first + rank + 1) * width];
                add_assign(&mut x[start..start + width], source);
            }
        }
    }

    /// Gives on the states (by rank) after packed step `step`.
    pub fn emit(&self, step: usize, state: &[f32], y: &mut [f32], units: usize) {
        for (rank, state) in state.chunks_exact(units).take(self.n_active(step)).enumerate() {
            let start = self.start(rank, step, units);
            y[start..start + units].copy_from_slice(state);
        }
    }

    /// Fills what lies after the end of each row: with its last state, or with 0 when it was read backwards.
    pub fn emit_padding(&self, state: &[f32], y: &mut [f32], units: usize) {
        let n_rows = y.len() / (self.length * units);
        let rows = self.order.rows[..n_rows].iter().zip(&self.order.lengths);
        for ((row, row_length), state) in rows.zip(state.chunks_exact(units)) {
            let from = (*row as usize * self.length + *row_length as usize) * units;
            let to = (*row as usize + 1) * self.length * units;
            for y in y[from..to].chunks_exact_mut(units) {
                if self.backwards {
                    y.fill(0.0);
                } else {
                    y.copy_from_slice(state);
                }
            }
        }
    }

    /// Gives on the last state of each row.
    pub fn emit_last(&self, state: &[f32], y: &mut [f32], units: usize) {
        for (state, row) in state.chunks_exact(units).zip(&self.order.rows) {
            y[*row as usize * units..(*row as usize + 1) * units].copy_from_slice(state);
        }
    }

    /// Adds to `dh` (by rank, the gradients of the states after packed step `step`) what comes from the output: a
    /// sequence of states, or the last ones.
    pub fn receive(&self, sequences: bool, step: usize, dy: &[f32], dh: &mut [f32], units: usize) {
        for (rank, dh) in dh.chunks_exact_mut(units).take(self.n_active(step)).enumerate() {
            let (row, row_length) = (self.order.rows[rank] as usize, self.order.lengths[rank] as usize);
            let mut add = |start: usize| add_assign(dh, &dy[start..start + units]);
            if sequences {
                add(self.start(rank, step, units));
                if row_length == step + 1 && !self.backwards {
                    for padding in row_length..self.length {
                        add((row * self.length + padding) * units);
                    }
                }
            } else if row_length == step + 1 {
                add(row * units);
            }
        }
    }

    /// Whether the row at `rank` is masked at packed step `step`, before its end.
    pub fn is_hole(&self, mask: &[f32], rank: usize, step: usize) -> bool {
        self.order.has_holes && mask[self.start(rank, step, 1)] == 0.0
    }
}
