//! Kernels of the softmax.

use super::Softmax;
use crate::operation::{At, Cpu};
use mtl_kernels::vector::{dot, softmax};

pub fn forward(op: &Softmax, cpu: &mut Cpu<'_>) {
    let [x, y] = cpu.memory.values([op.x, op.y]);
    for (x, y) in x.chunks_exact(op.width).zip(y.chunks_exact_mut(op.width)) {
        softmax(y, x);
    }
}

pub fn backward(op: &Softmax, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [y, dy, dx] = cpu
        .memory
        .get([At::Value(op.y), At::Gradient(op.y), At::Gradient(op.x)]);
    let width = op.width;
    for ((y, dy), dx) in y
        .chunks_exact(width)
        .zip(dy.chunks_exact(width))
        .zip(dx.chunks_exact_mut(width))
    {
        let mean = dot(y, dy);
        for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
            let gradient = y * (dy - mean);
            *dx = if accumulate { *dx + gradient } else { gradient };
        }
    }
}
