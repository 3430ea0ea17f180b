//! Kernels of the mixture of experts, one expert at a time.

use super::Mixture;
use crate::{
    losses::put,
    operation::{At, Cpu},
};
use mtl_kernels::multiversion;

pub fn forward(op: &Mixture, cpu: &mut Cpu<'_>) {
    for (index, expert) in op.experts.iter().enumerate() {
        let [x, weights, y] = cpu.memory.values([*expert, op.weights, op.y]);
        add_weighted(y, x, weights, op.experts.len(), index, op.width, index > 0);
    }
}

pub fn backward(op: &Mixture, cpu: &mut Cpu<'_>) {
    let n_experts = op.experts.len();
    for (index, expert) in op.experts.iter().enumerate() {
        if cpu.memory.wants(*expert) {
            let accumulate = cpu.memory.claim(*expert);
            let [weights, dy, dx] =
                cpu.memory
                    .get([At::Value(op.weights), At::Gradient(op.y), At::Gradient(*expert)]);
            add_weighted(dx, dy, weights, n_experts, index, op.width, accumulate);
        }
    }
    if cpu.memory.wants(op.weights) {
        let accumulate = cpu.memory.claim(op.weights);
        for (index, expert) in op.experts.iter().enumerate() {
            let [x, dy, dw] =
                cpu.memory
                    .get([At::Value(*expert), At::Gradient(op.y), At::Gradient(op.weights)]);
            add_dots(dw, x, dy, n_experts, index, op.width, accumulate);
        }
    }
}

multiversion! {
    /// `y[row] (+)= weights[row][index] x[row]`.
    fn add_weighted(
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
    fn add_dots(
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
