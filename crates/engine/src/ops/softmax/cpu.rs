//! Kernels of the softmax.

use super::Softmax;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::softmax::{softmax_row, softmax_row_gradient},
};

pub fn forward(op: &Softmax, cpu: &mut Cpu<'_>) {
    let [x, y] = cpu.memory.values([op.x, op.y]);
    for (x, y) in x.chunks_exact(op.width).zip(y.chunks_exact_mut(op.width)) {
        softmax_row(x, y);
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
        softmax_row_gradient(y, dy, dx, accumulate);
    }
}
