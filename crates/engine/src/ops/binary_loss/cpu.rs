//! Kernels of the binary cross-entropy.

use super::BinaryLoss;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::elementary::{sigmoid_slice, softplus},
    losses::{self, Start, class_weight},
};

pub fn forward(op: &BinaryLoss, cpu: &mut Cpu<'_>) {
    let [z, p] = cpu.memory.values([op.logits, op.probabilities]);
    sigmoid_slice(p, z);
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    for (z, y) in z.iter().zip(&cpu.targets[op.task_idx]) {
        if !y.is_nan() {
            let weight = class_weight(&op.class_weights, usize::from(*y >= 0.5));
            sum += f64::from(weight * (softplus(*z) - y * z));
            n += 1;
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
        Start::Logit(output) => losses::seed_logit(dz, 1, output, accumulate),
        Start::Loss(factor) => {
            for ((dz, p), y) in dz.iter_mut().zip(p.iter()).zip(&cpu.targets[op.task_idx]) {
                let gradient = if y.is_nan() {
                    0.0
                } else {
                    factor * class_weight(&op.class_weights, usize::from(*y >= 0.5)) * (p - y)
                };
                losses::put(dz, gradient, accumulate);
            }
        }
    }
}
