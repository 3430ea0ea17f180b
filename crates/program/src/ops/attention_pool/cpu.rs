//! Kernels of attention pooling.

use super::AttentionPool;
use crate::{
    losses::put,
    operation::{At, Cpu},
};
use mtl_kernels::vector::{axpy, dot, masked_softmax};

pub fn forward(op: &AttentionPool, cpu: &mut Cpu<'_>) {
    let [x, scores, weights, y, mask] = cpu.memory.get([
        At::Value(op.x),
        At::Value(op.scores),
        At::Value(op.weights),
        At::Value(op.y),
        At::optional(op.mask),
    ]);
    weights.copy_from_slice(scores);
    let rows = weights
        .chunks_exact_mut(op.length)
        .zip(x.chunks_exact(op.length * op.width));
    for (row, ((weights, x), y)) in rows.zip(y.chunks_exact_mut(op.width)).enumerate() {
        let mask = if mask.is_empty() {
            &*mask
        } else {
            &mask[row * op.length..(row + 1) * op.length]
        };
        masked_softmax(weights, mask, 1.0);
        y.fill(0.0);
        for (weight, x) in weights.iter().zip(x.chunks_exact(op.width)) {
            axpy(y, *weight, x);
        }
    }
}

pub fn backward(op: &AttentionPool, cpu: &mut Cpu<'_>) {
    let size = op.length * op.width;
    if cpu.memory.wants(op.scores) {
        let accumulate = cpu.memory.claim(op.scores);
        let [x, weights, y, dy, ds] = cpu.memory.get([
            At::Value(op.x),
            At::Value(op.weights),
            At::Value(op.y),
            At::Gradient(op.y),
            At::Gradient(op.scores),
        ]);
        let rows = x
            .chunks_exact(size)
            .zip(weights.chunks_exact(op.length))
            .zip(ds.chunks_exact_mut(op.length));
        let outputs = y.chunks_exact(op.width).zip(dy.chunks_exact(op.width));
        for (((x, weights), ds), (y, dy)) in rows.zip(outputs) {
            let mean = dot(y, dy);
            for ((ds, weight), x) in ds.iter_mut().zip(weights).zip(x.chunks_exact(op.width)) {
                put(ds, weight * (dot(x, dy) - mean), accumulate);
            }
        }
    }
    if cpu.memory.wants(op.x) {
        let accumulate = cpu.memory.claim(op.x);
        let [weights, dy, dx] =
            cpu.memory
                .get([At::Value(op.weights), At::Gradient(op.y), At::Gradient(op.x)]);
        if !accumulate {
            dx.fill(0.0);
        }
        let rows = weights
            .chunks_exact(op.length)
            .zip(dy.chunks_exact(op.width))
            .zip(dx.chunks_exact_mut(size));
        for ((weights, dy), dx) in rows {
            for (weight, dx) in weights.iter().zip(dx.chunks_exact_mut(op.width)) {
                axpy(dx, *weight, dy);
            }
        }
    }
}
