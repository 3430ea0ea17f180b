//! One expert's part of a mixture.

use crate::multiversion;
use crate::vector::put;

multiversion! {
    /// `y[row] (+)= weights[row][index] x[row]`.
    pub fn add_weighted(
        y: &mut [f32],
        x: &[f32],
        weights: &[f32],
        n_experts: usize,
        index: usize,
        width: usize,
        accumulate: bool,
    ) {
        let rows = y.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(weights.chunks_exact(n_experts));
        for ((y, x), weights) in rows {
            let weight = weights[index];
            if accumulate {
                for (y, x) in y.iter_mut().zip(x) {
                    *y += weight * x;
                }
            } else {
                for (y, x) in y.iter_mut().zip(x) {
                    *y = weight * x;
                }
            }
        }
    }

    /// `dw[row][index] (+)= x[row] · dy[row]`.
    pub fn add_dots(
        dw: &mut [f32],
        x: &[f32],
        dy: &[f32],
        n_experts: usize,
        index: usize,
        width: usize,
        accumulate: bool,
    ) {
        let rows = dw.chunks_exact_mut(n_experts).zip(x.chunks_exact(width)).zip(dy.chunks_exact(width));
        for ((dw, x), dy) in rows {
            let mut sums = [0.0_f32; 8];
            let (x_chunks, dy_chunks) = (x.chunks_exact(8), dy.chunks_exact(8));
            let rest = x_chunks.remainder().iter().zip(dy_chunks.remainder());
            for (sum, (x, dy)) in sums.iter_mut().zip(rest) {
                *sum = x * dy;
            }
            for (x, dy) in x_chunks.zip(dy_chunks) {
                for (sum, (x, dy)) in sums.iter_mut().zip(x.iter().zip(dy)) {
                    *sum += x * dy;
                }
            }
            let total = ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
            put(&mut dw[index], total, accumulate);
        }
    }
}
