//! Kernels of layer normalisation.

use super::LayerNorm;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::layer_norm::{normalize, normalize_gradient, scale_and_shift},
    kernels::vector::{add_column_sums, add_product},
};

pub fn forward(op: &LayerNorm, cpu: &mut Cpu<'_>) {
    let (gamma, beta) = (
        &cpu.parameters[cpu.range(op.gamma)],
        &cpu.parameters[cpu.range(op.beta)],
    );
    let [x, y, normalized, inverse] = cpu.memory.values([op.x, op.y, op.normalized, op.inverse]);
    let width = op.width;
    let rows = x.chunks_exact(width).zip(normalized.chunks_exact_mut(width));
    for (((x, normalized), y), inverse) in rows.zip(y.chunks_exact_mut(width)).zip(inverse) {
        *inverse = normalize(x, normalized, op.epsilon);
        scale_and_shift(y, normalized, gamma, beta);
    }
}

pub fn backward(op: &LayerNorm, cpu: &mut Cpu<'_>) {
    let width = op.width;
    if cpu.gradients.wants(op.gamma) {
        let [normalized, dy] = cpu.memory.get([At::Value(op.normalized), At::Gradient(op.y)]);
        let (gradient, accumulate) = cpu.gradients.claim(op.gamma);
        if !accumulate {
            gradient.fill(0.0);
        }
        for (normalized, dy) in normalized.chunks_exact(width).zip(dy.chunks_exact(width)) {
            add_product(gradient, normalized, dy);
        }
        let (gradient, accumulate) = cpu.gradients.claim(op.beta);
        if !accumulate {
            gradient.fill(0.0);
        }
        add_column_sums(gradient, dy);
    }
    if cpu.memory.wants(op.x) {
        let gamma = &cpu.parameters[cpu.range(op.gamma)];
        let accumulate = cpu.memory.claim(op.x);
        let [normalized, inverse, dy, dx] = cpu.memory.get([
            At::Value(op.normalized),
            At::Value(op.inverse),
            At::Gradient(op.y),
            At::Gradient(op.x),
        ]);
        let rows = normalized
            .chunks_exact(width)
            .zip(inverse.iter())
            .zip(dy.chunks_exact_mut(width));
        for (((normalized, inverse), dy), dx) in rows.zip(dx.chunks_exact_mut(width)) {
            normalize_gradient(normalized, *inverse, gamma, dy, dx, accumulate);
        }
    }
}
