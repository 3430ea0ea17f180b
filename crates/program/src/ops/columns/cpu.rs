//! Kernels of the column copy.

use super::Columns;
use crate::operation::{At, Cpu};

pub fn forward(op: &Columns, cpu: &mut Cpu<'_>) {
    let [x, y] = cpu.memory.values([op.x, op.y]);
    for (x, y) in x.chunks_exact(op.x_width).zip(y.chunks_exact_mut(op.y_width)) {
        y[op.y_start..op.y_start + op.width].copy_from_slice(&x[op.x_start..op.x_start + op.width]);
    }
}

pub fn backward(op: &Columns, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [dy, dx] = cpu.memory.get([At::Gradient(op.y), At::Gradient(op.x)]);
    for (dy, dx) in dy.chunks_exact(op.y_width).zip(dx.chunks_exact_mut(op.x_width)) {
        let dy = &dy[op.y_start..op.y_start + op.width];
        if !accumulate {
            dx.fill(0.0);
        }
        for (dx, dy) in dx[op.x_start..op.x_start + op.width].iter_mut().zip(dy) {
            *dx += dy;
        }
    }
}
