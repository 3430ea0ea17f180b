//! Kernels of the softmax.

use super::Softmax;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::elementary::{exp, log},
    kernels::multiversion,
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
        let mut dot = 0.0;
        for (y, dy) in y.iter().zip(dy) {
            dot += y * dy;
        }
        for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
            let gradient = y * (dy - dot);
            *dx = if accumulate { *dx + gradient } else { gradient };
        }
    }
}

multiversion! {
    /// Writes the softmax of `x` to `y` and returns `log Σ e^x`.
    pub(crate) fn softmax_row(x: &[f32], y: &mut [f32]) -> f32 {
        // Eight running maxima and sums, so that the loops become vectors; the order is fixed.
        let mut maxima = [f32::NEG_INFINITY; 8];
        let chunks = x.chunks_exact(8);
        for (index, value) in chunks.remainder().iter().enumerate() {
            maxima[index] = *value;
        }
        for chunk in chunks {
            for (maximum, value) in maxima.iter_mut().zip(chunk) {
                *maximum = if *value > *maximum { *value } else { *maximum };
            }
        }
        let mut maximum = maxima[0];
        for value in &maxima[1..] {
            maximum = if *value > maximum { *value } else { maximum };
        }
        for (y, x) in y.iter_mut().zip(x) {
            *y = exp(*x - maximum);
        }
        let mut sums = [0.0; 8];
        let chunks = y.chunks_exact(8);
        for (index, value) in chunks.remainder().iter().enumerate() {
            sums[index] = *value;
        }
        for chunk in chunks {
            for (sum, value) in sums.iter_mut().zip(chunk) {
                *sum += value;
            }
        }
        let sum = ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
        let scale = 1.0 / sum;
        for y in y.iter_mut() {
            *y *= scale;
        }
        maximum + log(sum)
    }
}

multiversion! {
    /// Replaces scores by the softmax of `scale · scores` over the steps that count; by 0 where none does.
    pub(crate) fn masked_softmax(scores: &mut [f32], mask: &[f32], scale: f32) {
        let counts = |step: usize| mask.get(step).is_none_or(|mask| *mask != 0.0);
        let mut maximum = f32::NEG_INFINITY;
        for (step, score) in scores.iter_mut().enumerate() {
            *score *= scale;
            if counts(step) && *score > maximum {
                maximum = *score;
            }
        }
        let mut sum = 0.0;
        for (step, score) in scores.iter_mut().enumerate() {
            *score = if counts(step) { exp(*score - maximum) } else { 0.0 };
            sum += *score;
        }
        if sum > 0.0 {
            let inverse = 1.0 / sum;
            for score in scores.iter_mut() {
                *score *= inverse;
            }
        }
    }

    /// Replaces the gradient of a softmax `p` by that of its scores before they were scaled.
    pub(crate) fn softmax_gradient(gradient: &mut [f32], p: &[f32], scale: f32) {
        let mut dot = 0.0;
        for (gradient, p) in gradient.iter().zip(p) {
            dot += gradient * p;
        }
        for (gradient, p) in gradient.iter_mut().zip(p) {
            *gradient = p * (*gradient - dot) * scale;
        }
    }
}
