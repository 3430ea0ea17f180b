//! Kernels of the cross-entropy over classes.

use super::ClassesLoss;
use crate::{
    backend::cpu::{At, Cpu},
    losses::{self, Start, class_of, class_weight},
    ops::softmax::softmax_row,
};

pub fn forward(op: &ClassesLoss, cpu: &mut Cpu<'_>) {
    let [z, p] = cpu.memory.values([op.logits, op.probabilities]);
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    let rows = z.chunks_exact(op.n_classes).zip(p.chunks_exact_mut(op.n_classes));
    for ((z, p), y) in rows.zip(&cpu.targets[op.task_idx]) {
        let log_sum = softmax_row(z, p);
        if let Some(class) = class_of(*y, op.n_classes) {
            sum += f64::from(class_weight(&op.class_weights, class) * (log_sum - z[class]));
            n += 1;
        }
    }
    cpu.labelled[op.task_idx] = n;
    cpu.losses[op.task_idx] = (sum / n.max(1) as f64) as f32;
}

pub fn backward(op: &ClassesLoss, cpu: &mut Cpu<'_>) {
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
        Start::Logit(output) => losses::seed_logit(dz, op.n_classes, output, accumulate),
        Start::Loss(factor) => {
            let rows = dz
                .chunks_exact_mut(op.n_classes)
                .zip(p.chunks_exact(op.n_classes));
            for ((dz, p), y) in rows.zip(&cpu.targets[op.task_idx]) {
                let class = class_of(*y, op.n_classes);
                let factor = class.map_or(0.0, |class| factor * class_weight(&op.class_weights, class));
                if accumulate {
                    for (dz, p) in dz.iter_mut().zip(p) {
                        *dz += factor * p;
                    }
                } else {
                    for (dz, p) in dz.iter_mut().zip(p) {
                        *dz = factor * p;
                    }
                }
                if let Some(class) = class {
                    dz[class] -= factor;
                }
            }
        }
    }
}
