//! Kernels of the windows.

use super::Unfold;
use crate::operation::{At, Cpu};

/// Calls `visit` with each (step of the input, place in the row of windows) of one row.
fn windows(op: &Unfold, mask: &[f32], mut visit: impl FnMut(Option<usize>, usize)) {
    for out in 0..op.out_length {
        for offset in 0..op.window {
            let step = (out * op.stride + offset)
                .checked_sub(op.before)
                .filter(|step| *step < op.length);
            let step = step.filter(|step| mask.get(*step).is_none_or(|mask| *mask != 0.0));
            visit(step, (out * op.window + offset) * op.width);
        }
    }
}

pub fn forward(op: &Unfold, cpu: &mut Cpu<'_>) {
    let [x, mask, y] = cpu
        .memory
        .get([At::Value(op.x), At::optional(op.mask), At::Value(op.y)]);
    let rows = x.chunks_exact(op.length * op.width);
    for (row, (x, y)) in rows
        .zip(y.chunks_exact_mut(op.out_length * op.window * op.width))
        .enumerate()
    {
        let mask = if mask.is_empty() {
            &*mask
        } else {
            &mask[row * op.length..(row + 1) * op.length]
        };
        windows(op, mask, |step, place| {
            let y = &mut y[place..place + op.width];
            match step {
                Some(step) => y.copy_from_slice(&x[step * op.width..(step + 1) * op.width]),
                None => y.fill(0.0),
            }
        });
    }
}

pub fn backward(op: &Unfold, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [dx, mask, dy] = cpu
        .memory
        .get([At::Gradient(op.x), At::optional(op.mask), At::Gradient(op.y)]);
    if !accumulate {
        dx.fill(0.0);
    }
    let rows = dx.chunks_exact_mut(op.length * op.width);
    for (row, (dx, dy)) in rows
        .zip(dy.chunks_exact(op.out_length * op.window * op.width))
        .enumerate()
    {
        let mask = if mask.is_empty() {
            &*mask
        } else {
            &mask[row * op.length..(row + 1) * op.length]
        };
        windows(op, mask, |step, place| {
            if let Some(step) = step {
                let dx = &mut dx[step * op.width..(step + 1) * op.width];
                for (dx, dy) in dx.iter_mut().zip(&dy[place..place + op.width]) {
                    *dx += dy;
                }
            }
        });
    }
}
