//! Kernels of the LSTM.

use super::LstmCells;
use crate::operation::{At, Cpu, product};
use mtl_kernels::{elementary::functions, multiversion};

pub fn forward(op: &LstmCells, cpu: &mut Cpu<'_>) {
    op.begin(cpu);
    let (units, recurrent) = (op.units, cpu.range(op.recurrent_kernel));
    let [p0, p1, p2, p3, p4, p5] =
        [op.gates, op.cells, op.squashed, op.previous, op.state, op.y].map(At::Value);
    let [gates, cells, squashed, previous, state, y, mask] =
        cpu.memory.get([p0, p1, p2, p3, p4, p5, At::optional(op.mask)]);
    let walk = op.walk(cpu.orders);
    let order = walk.order;
    let n_steps = order.n_steps();
    state.fill(0.0);
    for step in 0..n_steps {
        let (start, end) = (order.starts[step], order.starts[step + 1]);
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
            let first = order.starts[step - 1] * units;
            last = &cells_before[first..first + n * units];
            last_squashed = &squashed_before[first..first + n * units];
        }
        if order.has_holes {
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
            let next = order.starts[step + 1] * units..order.starts[step + 2] * units;
            let n_next = next.len();
            previous[next].copy_from_slice(&state[..n_next]);
        }
        if op.sequences {
            walk.emit(step, state, y, units);
        }
    }
    walk.emit_end(op.sequences, state, y, units);
}

pub fn backward(op: &LstmCells, cpu: &mut Cpu<'_>) {
    let (wants_x, wants_kernel) = (cpu.memory.wants(op.x), cpu.gradients.wants(op.kernel));
    if !wants_x && !wants_kernel {
        return;
    }
    let (units, recurrent) = (op.units, cpu.range(op.recurrent_kernel));
    let walk = op.walk(cpu.orders);
    let order = walk.order;
    let n_steps = order.n_steps();
    let [p0, p1, p2, p3, p4] = [op.gates, op.cells, op.squashed, op.dz, op.carried].map(At::Value);
    let [gates, cells, squashed, dz, carried, dy, mask] =
        cpu.memory
            .get([p0, p1, p2, p3, p4, At::Gradient(op.y), At::optional(op.mask)]);
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
    op.finish_backward(cpu, op.dz, None);
}

multiversion! {
    /// One step of some rows: z becomes the gates; `last` is c of the step before, or empty for 0.
    fn step_forward(
        z: &mut [f32],
        last: &[f32],
        cells: &mut [f32],
        squashed: &mut [f32],
        state: &mut [f32],
        units: usize,
    ) {
        let f = functions();
        for (row, z) in z.chunks_exact_mut(4 * units).enumerate() {
            let (input, rest) = z.split_at_mut(units);
            let (forget, rest) = rest.split_at_mut(units);
            let (candidate, output) = rest.split_at_mut(units);
            let row = row * units..(row + 1) * units;
            let cells = &mut cells[row.clone()];
            for ((cell, input), candidate) in cells.iter_mut().zip(input.iter_mut()).zip(candidate.iter_mut()) {
                *input = f.sigmoid(*input);
                *candidate = f.tanh(*candidate);
                *cell = *input * *candidate;
            }
            for forget in forget.iter_mut() {
                *forget = f.sigmoid(*forget);
            }
            if !last.is_empty() {
                for ((cell, forget), last) in cells.iter_mut().zip(forget.iter()).zip(&last[row.clone()]) {
                    *cell += *forget * last;
                }
            }
            let squashed = squashed[row.clone()].iter_mut();
            let values = cells.iter().zip(output.iter_mut());
            for (((cell, output), squashed), state) in values.zip(squashed).zip(state[row].iter_mut()) {
                *output = f.sigmoid(*output);
                *squashed = f.tanh(*cell);
                *state = *output * *squashed;
            }
        }
    }

    /// One step back: `dc` comes in as dc of this step and goes out as dc of the step before.
    fn step_backward(
        gates: &[f32],
        last: &[f32],
        squashed: &[f32],
        dh: &[f32],
        dc: &mut [f32],
        dz: &mut [f32],
        units: usize,
    ) {
        for (row, (gates, dz)) in gates.chunks_exact(4 * units).zip(dz.chunks_exact_mut(4 * units)).enumerate() {
            let (input, rest) = gates.split_at(units);
            let (forget, rest) = rest.split_at(units);
            let (candidate, output) = rest.split_at(units);
            let (d_input, rest) = dz.split_at_mut(units);
            let (d_forget, rest) = rest.split_at_mut(units);
            let (d_candidate, d_output) = rest.split_at_mut(units);
            let row = row * units..(row + 1) * units;
            let (squashed, dh, dc) = (&squashed[row.clone()], &dh[row.clone()], &mut dc[row.clone()]);
            if last.is_empty() {
                d_forget.fill(0.0);
            }
            for j in 0..units {
                let (o, t) = (output[j], squashed[j]);
                d_output[j] = dh[j] * t * o * (1.0 - o);
                dc[j] += dh[j] * o * (1.0 - t * t);
            }
            for j in 0..units {
                let (i, g) = (input[j], candidate[j]);
                d_input[j] = dc[j] * g * i * (1.0 - i);
                d_candidate[j] = dc[j] * i * (1.0 - g * g);
            }
            if !last.is_empty() {
                let last = &last[row.clone()];
                for j in 0..units {
                    d_forget[j] = dc[j] * last[j] * forget[j] * (1.0 - forget[j]);
                }
            }
            for j in 0..units {
                dc[j] *= forget[j];
            }
        }
    }
}
