//! Kernels of the pooling op.

use super::{Pool, PoolRule};
use crate::{
    backend::cpu::{At, Cpu},
    kernels::pool::{max, max_gradient, mean, mean_gradient},
};

/// The mask of one row; an empty slice where every step counts.
fn row_mask<'a>(op: &Pool, mask: &'a [f32], row: usize) -> &'a [f32] {
    if mask.is_empty() {
        mask
    } else {
        &mask[row * op.length..(row + 1) * op.length]
    }
}

pub fn forward(op: &Pool, cpu: &mut Cpu<'_>) {
    let [x, mask, y] = cpu
        .memory
        .get([At::Value(op.x), At::optional(op.mask), At::Value(op.y)]);
    for (row, (x, y)) in x
        .chunks_exact(op.length * op.width)
        .zip(y.chunks_exact_mut(op.width))
        .enumerate()
    {
        let mask = row_mask(op, mask, row);
        match op.rule {
            PoolRule::Mean => mean(x, mask, y, true),
            PoolRule::Sum => mean(x, mask, y, false),
            PoolRule::Max => max(x, mask, y),
        }
    }
}

pub fn backward(op: &Pool, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [x, y, dy, dx, mask] = cpu.memory.get([
        At::Value(op.x),
        At::Value(op.y),
        At::Gradient(op.y),
        At::Gradient(op.x),
        At::optional(op.mask),
    ]);
    let size = op.length * op.width;
    let rows = y
        .chunks_exact(op.width)
        .zip(dy.chunks_exact(op.width))
        .zip(dx.chunks_exact_mut(size));
    for (row, ((y, dy), dx)) in rows.enumerate() {
        let mask = row_mask(op, mask, row);
        if !accumulate {
            dx.fill(0.0);
        }
        match op.rule {
            PoolRule::Mean => mean_gradient(mask, dy, dx, true),
            PoolRule::Sum => mean_gradient(mask, dy, dx, false),
            PoolRule::Max => max_gradient(&x[row * size..(row + 1) * size], mask, y, dy, dx),
        }
    }
}
