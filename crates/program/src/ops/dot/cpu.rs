//! Kernels of the scalar product.

use super::Dot;
use crate::{
    losses::put,
    operation::{At, Cpu},
};
use mtl_kernels::vector;

pub fn forward(op: &Dot, cpu: &mut Cpu<'_>) {
    let [a, b, y] = cpu.memory.values([op.a, op.b, op.y]);
    for ((a, b), y) in a.chunks_exact(op.width).zip(b.chunks_exact(op.width)).zip(y) {
        *y = vector::dot(a, b);
    }
}

pub fn backward(op: &Dot, cpu: &mut Cpu<'_>) {
    for (one, other) in [(op.a, op.b), (op.b, op.a)] {
        if !cpu.memory.wants(one) {
            continue;
        }
        let accumulate = cpu.memory.claim(one);
        let [other, dy, dx] = cpu
            .memory
            .get([At::Value(other), At::Gradient(op.y), At::Gradient(one)]);
        let rows = dx
            .chunks_exact_mut(op.width)
            .zip(other.chunks_exact(op.width))
            .zip(dy.iter());
        for ((dx, other), dy) in rows {
            for (dx, other) in dx.iter_mut().zip(other) {
                put(dx, dy * other, accumulate);
            }
        }
    }
}
