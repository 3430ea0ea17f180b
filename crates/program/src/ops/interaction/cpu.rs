//! Kernels of the pairwise interaction.

use super::Interaction;
use crate::{
    losses::put,
    operation::{At, Cpu},
};

pub fn forward(op: &Interaction, cpu: &mut Cpu<'_>) {
    let width_out = if op.summed { 1 } else { op.width };
    let [y, sums] = cpu.memory.values([op.y, op.sums]);
    y.fill(0.0);
    sums.fill(0.0);
    // Σ_{i<j} v_i v_j, built up one vector at a time: each new one meets the sum of those before it.
    for term in &op.terms {
        let [x, y, sums] = cpu.memory.values([*term, op.y, op.sums]);
        let rows = x.chunks_exact(op.width).zip(sums.chunks_exact_mut(op.width));
        for ((x, sums), y) in rows.zip(y.chunks_exact_mut(width_out)) {
            for (column, (x, sum)) in x.iter().zip(sums).enumerate() {
                y[if op.summed { 0 } else { column }] += x * *sum;
                *sum += x;
            }
        }
    }
}

pub fn backward(op: &Interaction, cpu: &mut Cpu<'_>) {
    let width_out = if op.summed { 1 } else { op.width };
    for term in &op.terms {
        if !cpu.memory.wants(*term) {
            continue;
        }
        let accumulate = cpu.memory.claim(*term);
        let [x, sums, dy, dx] = cpu.memory.get([
            At::Value(*term),
            At::Value(op.sums),
            At::Gradient(op.y),
            At::Gradient(*term),
        ]);
        let rows = x.chunks_exact(op.width).zip(sums.chunks_exact(op.width));
        let gradients = dy.chunks_exact(width_out).zip(dx.chunks_exact_mut(op.width));
        for ((x, sums), (dy, dx)) in rows.zip(gradients) {
            for (column, dx) in dx.iter_mut().enumerate() {
                let dy = dy[if op.summed { 0 } else { column }];
                put(dx, dy * (sums[column] - x[column]), accumulate);
            }
        }
    }
}
