//! Kernels of the binary cross-entropy.

use super::BinaryLoss;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::elementary::{sigmoid_slice, softplus},
    losses::{self, Start, class_weight},
};

/// Weight of a target of the label in `column`.
#[inline(always)]
fn weight(op: &BinaryLoss, column: usize, target: f32) -> f32 {
    class_weight(&op.class_weights, 2 * column + usize::from(target >= 0.5))
}

pub fn forward(op: &BinaryLoss, cpu: &mut Cpu<'_>) {
    let [z, p] = cpu.memory.values([op.logits, op.probabilities]);
    sigmoid_slice(p, z);
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    let targets = cpu.targets[op.task_idx].chunks_exact(op.n_labels);
    for (z, targets) in z.chunks_exact(op.n_labels).zip(targets) {
        for (column, (z, y)) in z.iter().zip(targets).enumerate() {
            if !y.is_nan() {
                sum += f64::from(weight(op, column, *y) * (softplus(*z) - y * z));
                n += 1;
            }
        }
    }
    cpu.labelled[op.task_idx] = n;
    cpu.losses[op.task_idx] = (sum / n.max(1) as f64) as f32;
}

pub fn backward(op: &BinaryLoss, cpu: &mut Cpu<'_>) {
    let start = losses::start(cpu, op.task_idx);
    if start == Start::Nowhere || !cpu.memory.wants(op.logits) {
        return;
    }
    let accumulate = cpu.memory.claim(op.logits);
    let [p, dz] = cpu
        .memory
        .get([At::Value(op.probabilities), At::Gradient(op.logits)]);
    match start {
        Start::Nowhere => {}
        Start::Logit(output) => losses::seed_logit(dz, op.n_labels, output, accumulate),
        Start::Loss(factor) => {
            let rows = dz.chunks_exact_mut(op.n_labels).zip(p.chunks_exact(op.n_labels));
            for ((dz, p), targets) in rows.zip(cpu.targets[op.task_idx].chunks_exact(op.n_labels)) {
                for (column, ((dz, p), y)) in dz.iter_mut().zip(p).zip(targets).enumerate() {
                    let gradient = if y.is_nan() {
                        0.0
                    } else {
                        factor * weight(op, column, *y) * (p - y)
                    };
                    losses::put(dz, gradient, accumulate);
                }
            }
        }
    }
}
