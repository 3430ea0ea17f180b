//! Kernels of the GRU.

use super::GruCells;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::gru::{step_backward, step_forward},
    kernels::vector::add_column_sums,
    ops::{
        product::{self, Finish},
        recurrence::Walk,
    },
};

pub fn forward(op: &GruCells, cpu: &mut Cpu<'_>) {
    let (units, length, n_in) = (op.units, op.length, op.n_in);
    let (kernel, recurrent, bias) = (
        cpu.range(op.kernel),
        cpu.range(op.recurrent_kernel),
        cpu.range(op.bias),
    );
    let (input_bias, recurrent_bias) = cpu.parameters[bias].split_at(3 * units);
    let places = [op.x, op.packed_x, op.gates, op.inner, op.previous, op.state, op.y].map(At::Value);
    let [p0, p1, p2, p3, p4, p5, p6] = places;
    let [x, packed_x, gates, inner, previous, state, y, mask] =
        cpu.memory
            .get([p0, p1, p2, p3, p4, p5, p6, At::optional(op.mask)]);
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
        bias: Some(input_bias),
        relu: false,
    };
    let w = &cpu.parameters[kernel];
    product::linear(n_packed, n_in, 3 * units, packed_x, w, gates, finish, cpu.packing);
    state.fill(0.0);
    for step in 0..n_steps {
        let (start, end) = (walk.order.starts[step], walk.order.starts[step + 1]);
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
    if op.sequences {
        walk.emit_padding(state, y, units);
    } else {
        walk.emit_last(state, y, units);
    }
}

pub fn backward(op: &GruCells, cpu: &mut Cpu<'_>) {
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
        op.inner,
        op.previous,
        op.da,
        op.de,
        op.carried,
    ]
    .map(At::Value);
    let [p0, p1, p2, p3, p4, p5, p6] = places;
    let [packed_x, gates, inner, previous, da, de, carried, dy, mask] = cpu.memory.get([
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
    let (da, de) = (&da[..n_packed * 3 * units], &de[..n_packed * 3 * units]);
    if wants_kernel {
        let (gradient, accumulate) = cpu.gradients.claim(op.kernel);
        product::tn(
            n_in,
            n_packed,
            3 * units,
            packed_x,
            da,
            gradient,
            accumulate,
            cpu.packing,
        );
        let (gradient, accumulate) = cpu.gradients.claim(op.recurrent_kernel);
        product::tn(
            units,
            n_packed,
            3 * units,
            previous,
            de,
            gradient,
            accumulate,
            cpu.packing,
        );
        let (gradient, accumulate) = cpu.gradients.claim(op.bias);
        if !accumulate {
            gradient.fill(0.0);
        }
        let (input, recurrent) = gradient.split_at_mut(3 * units);
        add_column_sums(input, da);
        add_column_sums(recurrent, de);
    }
    if wants_x {
        let accumulate = cpu.memory.claim(op.x);
        let [da, packed_dx, dx] =
            cpu.memory
                .get([At::Value(op.da), At::Value(op.packed_dx), At::Gradient(op.x)]);
        product::nt(
            n_packed,
            3 * units,
            n_in,
            da,
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
