//! Kernels of the GRU.

use super::GruCells;
use crate::operation::{
    At, Cpu,
    product::{self, Finish},
};
use mtl_kernels::{elementary::functions, multiversion};

pub fn forward(op: &GruCells, cpu: &mut Cpu<'_>) {
    op.begin(cpu);
    let (units, recurrent) = (op.units, cpu.range(op.recurrent_kernel));
    let recurrent_bias = &cpu.parameters[cpu.range(op.bias)][3 * units..];
    let [p0, p1, p2, p3, p4] = [op.gates, op.inner, op.previous, op.state, op.y].map(At::Value);
    let [gates, inner, previous, state, y, mask] =
        cpu.memory.get([p0, p1, p2, p3, p4, At::optional(op.mask)]);
    let walk = op.walk(cpu.orders);
    let order = walk.order;
    let n_steps = order.n_steps();
    state.fill(0.0);
    for step in 0..n_steps {
        let (start, end) = (order.starts[step], order.starts[step + 1]);
        let n = end - start;
        let before = &mut previous[start * units..end * units];
        before.copy_from_slice(&state[..n * units]);
        let wide = start * 3 * units..end * 3 * units;
        let (gates, inner) = (&mut gates[wide.clone()], &mut inner[wide]);
        let finish = Finish {
            bias: Some(recurrent_bias),
            relu: false,
        };
        let u = &cpu.parameters[recurrent.clone()];
        product::linear(n, units, 3 * units, before, u, inner, finish, cpu.packing);
        step_forward(gates, inner, before, &mut state[..n * units], units);
        for rank in (0..n).filter(|rank| walk.is_hole(mask, *rank, step)) {
            let row = rank * units..(rank + 1) * units;
            state[row.clone()].copy_from_slice(&before[row]);
        }
        if op.sequences {
            walk.emit(step, state, y, units);
        }
    }
    walk.emit_end(op.sequences, state, y, units);
}

pub fn backward(op: &GruCells, cpu: &mut Cpu<'_>) {
    let (wants_x, wants_kernel) = (cpu.memory.wants(op.x), cpu.gradients.wants(op.kernel));
    if !wants_x && !wants_kernel {
        return;
    }
    let (units, recurrent) = (op.units, cpu.range(op.recurrent_kernel));
    let walk = op.walk(cpu.orders);
    let order = walk.order;
    let n_steps = order.n_steps();
    let [p0, p1, p2, p3, p4, p5] = [op.gates, op.inner, op.previous, op.da, op.de, op.carried].map(At::Value);
    let [gates, inner, previous, da, de, carried, dy, mask] =
        cpu.memory
            .get([p0, p1, p2, p3, p4, p5, At::Gradient(op.y), At::optional(op.mask)]);
    carried.fill(0.0);
    let (dh, kept) = carried.split_at_mut(cpu.rows * units);
    for step in (0..n_steps).rev() {
        let (start, end) = (order.starts[step], order.starts[step + 1]);
        let n = end - start;
        walk.receive(op.sequences, step, dy, dh, units);
        let (block, wide) = (start * units..end * units, start * 3 * units..end * 3 * units);
        let (da, de) = (&mut da[wide.clone()], &mut de[wide.clone()]);
        kept[..n * units].copy_from_slice(&dh[..n * units]);
        step_backward(
            &gates[wide.clone()],
            &inner[wide],
            &previous[block],
            &mut dh[..n * units],
            da,
            de,
            units,
        );
        for rank in (0..n).filter(|rank| walk.is_hole(mask, *rank, step)) {
            let row = rank * units..(rank + 1) * units;
            da[3 * row.start..3 * row.end].fill(0.0);
            de[3 * row.start..3 * row.end].fill(0.0);
            dh[row.clone()].copy_from_slice(&kept[row]);
        }
        if step > 0 {
            let u = &cpu.parameters[recurrent.clone()];
            product::nt(
                n,
                3 * units,
                units,
                de,
                u,
                &mut dh[..n * units],
                true,
                cpu.packing,
            );
        }
    }
    op.finish_backward(cpu, op.da, Some(op.de));
}

multiversion! {
    /// One step of some rows: `gates` comes in as a and goes out as z, r, g.
    fn step_forward(gates: &mut [f32], inner: &[f32], before: &[f32], state: &mut [f32], units: usize) {
        let f = functions();
        let rows = gates.chunks_exact_mut(3 * units).zip(inner.chunks_exact(3 * units));
        for (row, (gates, inner)) in rows.enumerate() {
            let (update, rest) = gates.split_at_mut(units);
            let (reset, candidate) = rest.split_at_mut(units);
            let row = row * units..(row + 1) * units;
            let (before, state) = (&before[row.clone()], &mut state[row]);
            for (update, inner) in update.iter_mut().zip(&inner[..units]) {
                *update = f.sigmoid(*update + inner);
            }
            for (reset, inner) in reset.iter_mut().zip(&inner[units..2 * units]) {
                *reset = f.sigmoid(*reset + inner);
            }
            for ((candidate, reset), inner) in candidate.iter_mut().zip(reset.iter()).zip(&inner[2 * units..]) {
                *candidate = f.tanh(*candidate + reset * inner);
            }
            let values = update.iter().zip(candidate.iter()).zip(before);
            for (state, ((update, candidate), before)) in state.iter_mut().zip(values) {
                *state = update * before + (1.0 - update) * candidate;
            }
        }
    }

    /// One step back: `dh` comes in as dh of this step and goes out as its direct part of dh of the step before.
    fn step_backward(
        gates: &[f32],
        inner: &[f32],
        before: &[f32],
        dh: &mut [f32],
        da: &mut [f32],
        de: &mut [f32],
        units: usize,
    ) {
        let rows = gates.chunks_exact(3 * units).zip(inner.chunks_exact(3 * units));
        let outputs = da.chunks_exact_mut(3 * units).zip(de.chunks_exact_mut(3 * units));
        for (row, ((gates, inner), (da, de))) in rows.zip(outputs).enumerate() {
            let (update, rest) = gates.split_at(units);
            let (reset, candidate) = rest.split_at(units);
            let inner_candidate = &inner[2 * units..];
            let row = row * units..(row + 1) * units;
            let (before, dh) = (&before[row.clone()], &mut dh[row]);
            for j in 0..units {
                let (z, r, g) = (update[j], reset[j], candidate[j]);
                let d_candidate = dh[j] * (1.0 - z) * (1.0 - g * g);
                let d_reset = d_candidate * inner_candidate[j] * r * (1.0 - r);
                let d_update = dh[j] * (before[j] - g) * z * (1.0 - z);
                da[j] = d_update;
                da[units + j] = d_reset;
                da[2 * units + j] = d_candidate;
                de[j] = d_update;
                de[units + j] = d_reset;
                de[2 * units + j] = d_candidate * r;
                dh[j] *= z;
            }
        }
    }
}
