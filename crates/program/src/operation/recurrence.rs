//! Shared by the recurrent ops: operands, packed iteration over a batch (rows sorted by decreasing length, stored step after
//! step), and the matrix products over all steps at once.

use super::{
    Access,
    product::{self, Finish},
};
use crate::{
    ids::{OrderId, ParameterId, ValueId},
    operation::{At, Cpu, RowOrder},
};
use mtl_kernels::vector::add_column_sums;

/// Operands of a recurrent op.
#[derive(Clone, Debug, PartialEq)]
pub struct Recurrence {
    /// Input, `length × n_in`.
    pub x: ValueId,
    /// Mask over the steps.
    pub mask: Option<ValueId>,
    /// W, `n_in × gates · units`.
    pub kernel: ParameterId,
    /// U, `units × gates · units`.
    pub recurrent_kernel: ParameterId,
    /// b, `gates · units`, one row or two.
    pub bias: ParameterId,
    /// Output: the last h, or h at every step.
    pub y: ValueId,
    /// Order of the rows.
    pub order: OrderId,
    /// Packed x, `length × n_in`.
    pub packed_x: ValueId,
    /// x W + b, then the gates, `length × gates · units`.
    pub gates: ValueId,
    /// h of the step before, `length × units`.
    pub previous: ValueId,
    /// Current h, `units`.
    pub state: ValueId,
    /// Packed dx, `length × n_in`.
    pub packed_dx: ValueId,
    /// Number of gates.
    pub n_gates: usize,
    /// Number of steps.
    pub length: usize,
    /// Width of the input.
    pub n_in: usize,
    /// Width of the state.
    pub units: usize,
    /// Whether the output has h at every step.
    pub sequences: bool,
    /// Whether the sequence is processed in reverse.
    pub backwards: bool,
}

/// Implements access to the fields of [`Recurrence`] and the shared methods of `Operation` for a recurrent op.
macro_rules! recurrent_operation {
    ($name:ident, $key:literal, [$($own:ident),+]) => {
        impl std::ops::Deref for $name {
            type Target = $crate::operation::recurrence::Recurrence;

            fn deref(&self) -> &Self::Target {
                &self.recurrence
            }
        }

        impl $crate::operation::Operation for $name {
            const KEY: &'static str = $key;

            fn visit_values(&self, visit: &mut dyn FnMut($crate::operation::Access, $crate::ids::ValueId)) {
                self.recurrence.visit_values(&[$(self.$own),+], visit);
            }

            fn visit_parameters(&self, visit: &mut dyn FnMut($crate::ids::ParameterId)) {
                self.recurrence.visit_parameters(visit);
            }

            fn macs(&self) -> u64 {
                self.recurrence.macs()
            }

            $crate::operation::cpu_kernels!();
        }
    };
}
pub(crate) use recurrent_operation;

impl Recurrence {
    /// Calls `visit` for each value that it accesses, and for `own`, the values that only this kind of cell has.
    pub(crate) fn visit_values(&self, own: &[ValueId], visit: &mut dyn FnMut(Access, ValueId)) {
        visit(Access::Read, self.x);
        if let Some(mask) = self.mask {
            visit(Access::ReadOnly, mask);
        }
        visit(Access::Write, self.y);
        let shared = [
            self.packed_x,
            self.gates,
            self.previous,
            self.state,
            self.packed_dx,
        ];
        for value in shared.iter().chain(own) {
            visit(Access::Own, *value);
        }
    }

    /// Calls `visit` for each parameter.
    pub(crate) fn visit_parameters(&self, visit: &mut dyn FnMut(ParameterId)) {
        visit(self.kernel);
        visit(self.recurrent_kernel);
        visit(self.bias);
    }

    /// Multiply-adds of a forward pass for one example.
    pub(crate) fn macs(&self) -> u64 {
        let per_step =
            (self.n_in as u64 + self.units as u64).saturating_mul((self.n_gates * self.units) as u64);
        per_step.saturating_mul(self.length as u64)
    }

    /// Width of the gates.
    pub(crate) fn width(&self) -> usize {
        self.n_gates * self.units
    }

    /// The iteration over the rows that `begin` sorted.
    pub(crate) fn walk<'a>(&self, orders: &'a [RowOrder]) -> Walk<'a> {
        Walk {
            order: &orders[self.order.0],
            backwards: self.backwards,
            length: self.length,
        }
    }

    /// Sorts and packs the rows, and computes x W + b for all steps.
    pub(crate) fn begin(&self, cpu: &mut Cpu<'_>) {
        let (kernel, bias, width) = (cpu.range(self.kernel), cpu.range(self.bias), self.width());
        let places = [self.x, self.packed_x, self.gates].map(At::Value);
        let [x, packed_x, gates, mask] =
            cpu.memory
                .get([places[0], places[1], places[2], At::optional(self.mask)]);
        let mask = self.mask.is_some().then_some(&*mask);
        cpu.orders[self.order.0].sort(mask, cpu.rows, self.length);
        let walk = self.walk(cpu.orders);
        walk.pack(x, packed_x, self.n_in);
        let finish = Finish {
            bias: Some(&cpu.parameters[bias][..width]),
            relu: false,
        };
        let (n_packed, w) = (walk.order.n_packed(), &cpu.parameters[kernel]);
        product::linear(
            n_packed,
            self.n_in,
            width,
            packed_x,
            w,
            gates,
            finish,
            cpu.packing,
        );
    }

    /// The gradients of the parameters and of x, from those of the gates by the input and, where it differs, by the state.
    pub(crate) fn finish_backward(&self, cpu: &mut Cpu<'_>, by_input: ValueId, by_state: Option<ValueId>) {
        let (width, kernel) = (self.width(), cpu.range(self.kernel));
        let walk = self.walk(cpu.orders);
        let n_packed = walk.order.n_packed();
        if cpu.gradients.wants(self.kernel) {
            let places = [self.packed_x, self.previous, by_input].map(At::Value);
            let [packed_x, previous, dz, de] =
                cpu.memory
                    .get([places[0], places[1], places[2], At::optional(by_state)]);
            let dz = &dz[..n_packed * width];
            let de = if by_state.is_some() {
                &de[..n_packed * width]
            } else {
                dz
            };
            let (gradient, accumulate) = cpu.gradients.claim(self.kernel);
            product::tn(
                self.n_in,
                n_packed,
                width,
                packed_x,
                dz,
                gradient,
                accumulate,
                cpu.packing,
            );
            // h before the first step is 0, so its rows add nothing.
            let from = walk.order.starts.get(1).copied().unwrap_or(0);
            let (gradient, accumulate) = cpu.gradients.claim(self.recurrent_kernel);
            let (previous, de_from) = (&previous[from * self.units..], &de[from * width..]);
            let n_rows = n_packed - from;
            product::tn(
                self.units,
                n_rows,
                width,
                previous,
                de_from,
                gradient,
                accumulate,
                cpu.packing,
            );
            let (gradient, accumulate) = cpu.gradients.claim(self.bias);
            if !accumulate {
                gradient.fill(0.0);
            }
            for (gradient, rows) in gradient.chunks_exact_mut(width).zip([dz, de]) {
                add_column_sums(gradient, rows);
            }
        }
        if cpu.memory.wants(self.x) {
            let accumulate = cpu.memory.claim(self.x);
            let places = [
                At::Value(by_input),
                At::Value(self.packed_dx),
                At::Gradient(self.x),
            ];
            let [dz, packed_dx, dx] = cpu.memory.get(places);
            let w = &cpu.parameters[kernel];
            product::nt(n_packed, width, self.n_in, dz, w, packed_dx, false, cpu.packing);
            if !accumulate {
                dx.fill(0.0);
            }
            walk.unpack_add(packed_dx, dx, self.n_in);
        }
    }
}

/// Packed iteration over the rows of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    /// Rows by falling length.
    pub order: &'a RowOrder,
    /// Whether each row is processed in reverse.
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

    /// Number of rows that have not ended at packed step `step`.
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
                for (x, value) in x[start..start + width].iter_mut().zip(source) {
                    *x += value;
                }
            }
        }
    }

    /// Writes the states (by rank) after packed step `step` to the output.
    pub fn emit(&self, step: usize, state: &[f32], y: &mut [f32], units: usize) {
        for (rank, state) in state.chunks_exact(units).take(self.n_active(step)).enumerate() {
            let start = self.start(rank, step, units);
            y[start..start + units].copy_from_slice(state);
        }
    }

    /// Writes the final states to the output: into the padding of a sequence, or as the result.
    pub fn emit_end(&self, sequences: bool, state: &[f32], y: &mut [f32], units: usize) {
        if sequences {
            self.emit_padding(state, y, units);
        } else {
            self.emit_last(state, y, units);
        }
    }

    /// Fills the output after the end of each row: with its last state, or with 0 when it was processed in reverse.
    fn emit_padding(&self, state: &[f32], y: &mut [f32], units: usize) {
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

    /// Writes the last state of each row to the output.
    fn emit_last(&self, state: &[f32], y: &mut [f32], units: usize) {
        for (state, row) in state.chunks_exact(units).zip(&self.order.rows) {
            y[*row as usize * units..(*row as usize + 1) * units].copy_from_slice(state);
        }
    }

    /// Adds to `dh` (by rank, the gradients of the states after packed step `step`) what comes from the output: a
    /// sequence of states, or the last ones.
    pub fn receive(&self, sequences: bool, step: usize, dy: &[f32], dh: &mut [f32], units: usize) {
        for (rank, dh) in dh.chunks_exact_mut(units).take(self.n_active(step)).enumerate() {
            let (row, row_length) = (self.order.rows[rank] as usize, self.order.lengths[rank] as usize);
            let mut add = |start: usize| {
                for (dh, dy) in dh.iter_mut().zip(&dy[start..start + units]) {
                    *dh += dy;
                }
            };
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
