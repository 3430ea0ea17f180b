//! Kernels of the scaled gradient.

use super::GradientScale;
use crate::{
    losses::put,
    operation::{At, Cpu},
};

pub fn forward(op: &GradientScale, cpu: &mut Cpu<'_>) {
    let [x, y] = cpu.memory.values([op.x, op.y]);
    y.copy_from_slice(x);
}

pub fn backward(op: &GradientScale, cpu: &mut Cpu<'_>) {
    if op.factor == 0.0 || !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [dy, dx] = cpu.memory.get([At::Gradient(op.y), At::Gradient(op.x)]);
    for (dx, dy) in dx.iter_mut().zip(dy.iter()) {
        put(dx, op.factor * dy, accumulate);
    }
}
