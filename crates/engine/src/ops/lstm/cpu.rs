//! Kernels of the LSTM.

use super::LstmCells;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::lstm::{step_backward, step_forward},
    kernels::vector::add_column_sums,
    ops::{
        product::{self, Finish},
        recurrence::Walk,
    },
};

pub fn forward(op: &LstmCells, cpu: &mut Cpu<'_>) {
    let (units, length, n_in) = (op.units, op.length, op.n_in);
    let (kernel, recurrent, bias) = (
        cpu.range(op.kernel),
        cpu.range(op.recurrent_kernel),
        cpu.range(op.bias),
    );
    let places = [
        op.x,
        op.packed_x,
        op.gates,
        op.cells,
        op.squashed,
        op.previous,
        op.state,
        op.y,
    ]
    .map(At::Value);
    let [p0, p1, p2, p3, p4, p5, p6, p7] = places;
    let [x, packed_x, gates, cells, squashed, previous, state, y, mask] =
        cpu.memory
            .get([p0, p1, p2, p3, p4, p5, p6, p7, At::optional(op.mask)]);
    let order = &mut cpu.orders[op.order.0];
    order.sort(op.mask.is_some().then_some(&*mask), cpu.rows, length);
    let walk = Walk {
        order,
        backwards: op.backwards,
        length,
    };
    let (n_steps, n_packed) = (walk.order.n_steps(), walk.order.n_packed());
    walk.pack(x, packed_x, n_in);
    let finish = Finish {
        bias: Some(&cpu.parameters[bias]),
        relu: false,
    };
    let w = &cpu.parameters[kernel];
    product::linear(n_packed, n_in, 4 * units, packed_x, w, gates, finish, cpu.packing);
    state.fill(0.0);
    for step in 0..n_steps {
        let (start, end) = (walk.order.starts[step], walk.order.starts[step + 1]);
        let n = end - start;
        let z = &mut gates[start * 4 * units..end * 4 * units];
        let (cells_before, cells) = cells.split_at_mut(start * units);
        let (squashed_before, squashed) = squashed.split_at_mut(start * units);
        let (cells, squashed) = (&mut cells[..n * units], &mut squashed[..n * units]);
        let mut last: &[f32] = &[];
        let mut last_squashed: &[f32] = &[];
        if step > 0 {
            let u = &cpu.parameters[recurrent.clone()];
            let h = &previous[start * units..end * units];
            product::nn(n, units, 4 * units, h, u, z, true, cpu.packing);
            let first = walk.order.starts[step - 1] * units;
            last = &cells_before[first..first + n * units];
            last_squashed = &squashed_before[first..first + n * units];
        }
        if walk.order.has_holes {
            for rank in 0..n {
                let row = rank * units..(rank + 1) * units;
                if walk.is_hole(mask, rank, step) {
                    if last.is_empty() {
                        cells[row.clone()].fill(0.0);
                        squashed[row].fill(0.0);
                    } else {
                        cells[row.clone()].copy_from_slice(&last[row.clone()]);
                        squashed[row.clone()].copy_from_slice(&last_squashed[row]);
                    }
                } else {
                    let z = &mut z[4 * row.start..4 * row.end];
                    let last = if last.is_empty() { last } else { &last[row.clone()] };
                    let (cells, squashed) = (&mut cells[row.clone()], &mut squashed[row.clone()]);
                    step_forward(z, last, cells, squashed, &mut state[row], units);
                }
            }
        } else {
            step_forward(z, last, cells, squashed, &mut state[..n * units], units);
        }
        if step + 1 < n_steps {
            let next = walk.order.starts[step + 1] * units..order.starts[step + 2] * units;
            let n_next = next.len();
            previous[next].copy_from_slice(&state[..n_next]);
        }
        if op.sequences {
            walk.emit(step, state, y, units);
        }
    }
    if op.sequences {
        walk.emit_padding(state, y, units);
    } else {
        walk.emit_last(state, y, units);
    }
}

pub fn backward(op: &LstmCells, cpu: &mut Cpu<'_>) {
    let (wants_x, wants_kernel) = (cpu.memory.wants(op.x), cpu.gradients.wants(op.kernel));
    if !wants_x && !wants_kernel {
        return;
    }
    let (units, length, n_in) = (op.units, op.length, op.n_in);
    let (kernel, recurrent) = (cpu.range(op.kernel), cpu.range(op.recurrent_kernel));
    let order = &cpu.orders[op.order.0];
    let walk = Walk {
        order,
        backwards: op.backwards,
        length,
    };
    let (n_steps, n_packed) = (order.n_steps(), order.n_packed());
    let places = [
        op.packed_x,
        op.gates,
        op.cells,
        op.squashed,
        op.previous,
        op.dz,
        op.carried,
    ]
    .map(At::Value);
    let [p0, p1, p2, p3, p4, p5, p6] = places;
    let [packed_x, gates, cells, squashed, previous, dz, carried, dy, mask] = cpu.memory.get([
        p0,
        p1,
        p2,
        p3,
        p4,
        p5,
        p6,
        At::Gradient(op.y),
        At::optional(op.mask),
    ]);
    carried.fill(0.0);
    let (dh, rest) = carried.split_at_mut(cpu.rows * units);
    let (dc, kept) = rest.split_at_mut(cpu.rows * units);
    for step in (0..n_steps).rev() {
        let (start, end) = (order.starts[step], order.starts[step + 1]);
        let n = end - start;
        walk.receive(op.sequences, step, dy, dh, units);
        let block = start * units..end * units;
        let dz = &mut dz[4 * block.start..4 * block.end];
        let gates = &gates[4 * block.start..4 * block.end];
        let last = if step > 0 {
            let first = order.starts[step - 1] * units;
            &cells[first..first + n * units]
        } else {
            &[]
        };
        let squashed = &squashed[block];
        if order.has_holes {
            kept[..n * units].copy_from_slice(&dh[..n * units]);
            for rank in 0..n {
                let row = rank * units..(rank + 1) * units;
                let wide = 4 * row.start..4 * row.end;
                if walk.is_hole(mask, rank, step) {
                    dz[wide].fill(0.0);
                } else {
                    let last = if last.is_empty() { last } else { &last[row.clone()] };
                    let (dh, dc) = (&dh[row.clone()], &mut dc[row.clone()]);
                    step_backward(
                        &gates[wide.clone()],
                        last,
                        &squashed[row],
                        dh,
                        dc,
                        &mut dz[wide],
                        units,
                    );
                }
            }
        } else {
            step_backward(
                gates,
                last,
                squashed,
                &dh[..n * units],
                &mut dc[..n * units],
                dz,
                units,
            );
        }
        if step > 0 {
            let u = &cpu.parameters[recurrent.clone()];
            product::nt(
                n,
                4 * units,
                units,
                dz,
                u,
                &mut dh[..n * units],
                false,
                cpu.packing,
            );
            for rank in 0..n {
                if walk.is_hole(mask, rank, step) {
                    let row = rank * units..(rank + 1) * units;
                    dh[row.clone()].copy_from_slice(&kept[row]);
                }
            }
        }
    }
    let dz = &dz[..n_packed * 4 * units];
    if wants_kernel {
        let (gradient, accumulate) = cpu.gradients.claim(op.kernel);
        product::tn(
            n_in,
            n_packed,
            4 * units,
            packed_x,
            dz,
            gradient,
            accumulate,
            cpu.packing,
        );
        // h before the first step is 0, so its rows add nothing.
        let from = order.starts.get(1).copied().unwrap_or(0);
        let (gradient, accumulate) = cpu.gradients.claim(op.recurrent_kernel);
        let (previous, dz_from) = (&previous[from * units..], &dz[from * 4 * units..]);
        product::tn(
            units,
            n_packed - from,
            4 * units,
            previous,
            dz_from,
            gradient,
            accumulate,
            cpu.packing,
        );
        let (gradient, accumulate) = cpu.gradients.claim(op.bias);
        if !accumulate {
            gradient.fill(0.0);
        }
        add_column_sums(gradient, dz);
    }
    if wants_x {
        let accumulate = cpu.memory.claim(op.x);
        let [dz, packed_dx, dx] =
            cpu.memory
                .get([At::Value(op.dz), At::Value(op.packed_dx), At::Gradient(op.x)]);
        product::nt(
            n_packed,
            4 * units,
            n_in,
            dz,
            &cpu.parameters[kernel],
            packed_dx,
            false,
            cpu.packing,
        );
        if !accumulate {
            dx.fill(0.0);
        }
        walk.unpack_add(packed_dx, dx, n_in);
    }
}
