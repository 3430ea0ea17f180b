//! Pooling of the steps of one row.

use crate::multiversion;

/// Whether a step counts.
#[inline(always)]
fn counts(mask: &[f32], step: usize) -> bool {
    mask.get(step).is_none_or(|mask| *mask != 0.0)
}

multiversion! {
    /// The mean, or the sum when it is not `averaged`.
    pub fn mean(x: &[f32], mask: &[f32], y: &mut [f32], averaged: bool) {
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

    /// Adds its gradient to `dx`.
    pub fn mean_gradient(mask: &[f32], dy: &[f32], dx: &mut [f32], averaged: bool) {
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

    /// The largest of the steps that count; 0 where none does.
    pub fn max(x: &[f32], mask: &[f32], y: &mut [f32]) {
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

    /// Adds its gradient to `dx`.
    pub fn max_gradient(x: &[f32], mask: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
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
