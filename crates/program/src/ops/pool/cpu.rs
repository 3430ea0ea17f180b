//! Kernels of the pooling op.

use super::{Pool, PoolRule};
use crate::operation::{At, Cpu};
use mtl_kernels::multiversion;

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

/// Whether a step counts.
#[inline(always)]
fn counts(mask: &[f32], step: usize) -> bool {
    mask.get(step).is_none_or(|mask| *mask != 0.0)
}

multiversion! {
    /// The mean, or the sum when it is not `averaged`.
    fn mean(x: &[f32], mask: &[f32], y: &mut [f32], averaged: bool) {
        y.fill(0.0);
        let mut n = 0.0;
        for (step, x) in x.chunks_exact(y.len()).enumerate() {
            if counts(mask, step) {
                n += 1.0;
                for (y, x) in y.iter_mut().zip(x) {
                    *y += x;
                }
            }
        }
        if averaged && n > 0.0 {
            let scale = 1.0 / n;
            for y in y.iter_mut() {
                *y *= scale;
            }
        }
    }

    fn mean_gradient(mask: &[f32], dy: &[f32], dx: &mut [f32], averaged: bool) {
        let width = dy.len();
        let length = dx.len() / width;
        let n = (0..length).filter(|step| counts(mask, *step)).count();
        if n == 0 {
            return;
        }
        let scale = if averaged { 1.0 / n as f32 } else { 1.0 };
        for (step, dx) in dx.chunks_exact_mut(width).enumerate() {
            if counts(mask, step) {
                for (dx, dy) in dx.iter_mut().zip(dy) {
                    *dx += dy * scale;
                }
            }
        }
    }

    fn max(x: &[f32], mask: &[f32], y: &mut [f32]) {
        let mut any = false;
        for (step, x) in x.chunks_exact(y.len()).enumerate() {
            if counts(mask, step) {
                if any {
                    for (y, x) in y.iter_mut().zip(x) {
                        *y = if *x > *y { *x } else { *y };
                    }
                } else {
                    y.copy_from_slice(x);
                    any = true;
                }
            }
        }
        if !any {
            y.fill(0.0);
        }
    }

    fn max_gradient(x: &[f32], mask: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
        let width = y.len();
        for column in 0..width {
            let reaches = |step: usize| counts(mask, step) && x[step * width + column] == y[column];
            let n_steps = x.len() / width;
            let n = (0..n_steps).filter(|step| reaches(*step)).count();
            let share = dy[column] / n.max(1) as f32;
            for step in (0..n_steps).filter(|step| reaches(*step)) {
                dx[step * width + column] += share;
            }
        }
    }
}
