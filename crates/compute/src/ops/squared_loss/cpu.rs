//! Kernels of the squared error.

use super::SquaredLoss;
use crate::{
    backend::cpu::{At, Cpu},
    losses::{self, Start},
};

pub fn forward(op: &SquaredLoss, cpu: &mut Cpu<'_>) {
    let z = cpu.memory.one(At::Value(op.logits));
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    for (z, y) in z.iter().zip(&cpu.targets[op.task_idx]) {
        if !y.is_nan() {
            let error = z - y;
            sum += f64::from(error * error);
            n += 1;
        }
    }
    cpu.labelled[op.task_idx] = n;
    cpu.losses[op.task_idx] = (sum / n.max(1) as f64) as f32;
}

pub fn backward(op: &SquaredLoss, cpu: &mut Cpu<'_>) {
    let start = losses::start(cpu, op.task_idx);
    if start == Start::Nowhere || !cpu.memory.wants(op.logits) {
        return;
    }
    let accumulate = cpu.memory.claim(op.logits);
    let [z, dz] = cpu.memory.get([At::Value(op.logits), At::Gradient(op.logits)]);
    match start {
        Start::Nowhere => {}
        Start::Logit(output) => losses::seed_logit(dz, 1, output, accumulate),
        Start::Loss(factor) => {
            for ((dz, z), y) in dz.iter_mut().zip(z.iter()).zip(&cpu.targets[op.task_idx]) {
                let gradient = if y.is_nan() { 0.0 } else { 2.0 * factor * (z - y) };
                losses::put(dz, gradient, accumulate);
            }
        }
    }
}
