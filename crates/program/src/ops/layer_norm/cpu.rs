//! Kernels of layer normalisation.

use super::LayerNorm;
use crate::{
    losses::put,
    operation::{At, Cpu},
};
use mtl_kernels::{
    multiversion,
    vector::{add_column_sums, add_product, sum},
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
        for (((y, n), gamma), beta) in y.iter_mut().zip(normalized.iter()).zip(gamma).zip(beta) {
            *y = gamma * n + beta;
        }
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

multiversion! {
    /// Writes `(x - mean) / √(variance + ε)` and returns `1 / √(variance + ε)`.
    fn normalize(x: &[f32], normalized: &mut [f32], epsilon: f32) -> f32 {
        let share = 1.0 / x.len() as f32;
        let mean = sum(x) * share;
        for (normalized, x) in normalized.iter_mut().zip(x) {
            *normalized = x - mean;
        }
        let mut squares = 0.0;
        for centred in normalized.iter() {
            squares += centred * centred;
        }
        let inverse = 1.0 / (squares * share + epsilon).sqrt();
        for normalized in normalized.iter_mut() {
            *normalized *= inverse;
        }
        inverse
    }

    /// `dx (+)= (g - mean g - n mean(g n)) inverse` with g = γ dy, which overwrites dy.
    fn normalize_gradient(
        normalized: &[f32],
        inverse: f32,
        gamma: &[f32],
        dy: &mut [f32],
        dx: &mut [f32],
        accumulate: bool,
    ) {
        let share = 1.0 / dy.len() as f32;
        let (mut mean, mut mean_product) = (0.0, 0.0);
        for ((dy, gamma), n) in dy.iter_mut().zip(gamma).zip(normalized) {
            *dy *= gamma;
            mean += *dy;
            mean_product += *dy * n;
        }
        mean *= share;
        mean_product *= share;
        for ((dx, g), n) in dx.iter_mut().zip(dy.iter()).zip(normalized) {
            put(dx, (g - mean - n * mean_product) * inverse, accumulate);
        }
    }
}
