//! Kernels of the positions.

use super::AddPosition;
use crate::operation::{At, Cpu};
use mtl_kernels::vector::{add, add_assign, add_column_sums};

pub fn forward(op: &AddPosition, cpu: &mut Cpu<'_>) {
    let table = &cpu.parameters[cpu.range(op.table)];
    let [x, y] = cpu.memory.values([op.x, op.y]);
    for (x, y) in x.chunks_exact(table.len()).zip(y.chunks_exact_mut(table.len())) {
        add(y, x, table);
    }
}

pub fn backward(op: &AddPosition, cpu: &mut Cpu<'_>) {
    if cpu.gradients.wants(op.table) {
        let dy = cpu.memory.one(At::Gradient(op.y));
        let (gradient, accumulate) = cpu.gradients.claim(op.table);
        if !accumulate {
            gradient.fill(0.0);
        }
        add_column_sums(gradient, dy);
    }
    if cpu.memory.wants(op.x) {
        let accumulate = cpu.memory.claim(op.x);
        let [dy, dx] = cpu.memory.get([At::Gradient(op.y), At::Gradient(op.x)]);
        if accumulate {
            add_assign(dx, dy);
        } else {
            dx.copy_from_slice(dy);
        }
    }
}
