//! Kernels of the cross-entropy over classes.

use super::ClassesLoss;
use crate::{
    losses::{self, class_of, class_weight},
    operation::Cpu,
};
use mtl_kernels::vector::softmax;

pub fn forward(op: &ClassesLoss, cpu: &mut Cpu<'_>) {
    let [z, p] = cpu.memory.values([op.logits, op.probabilities]);
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    let rows = z.chunks_exact(op.n_classes).zip(p.chunks_exact_mut(op.n_classes));
    for ((z, p), y) in rows.zip(&cpu.targets[op.task_idx]) {
        let log_sum = softmax(p, z);
        if let Some(class) = class_of(*y, op.n_classes) {
            sum += f64::from(class_weight(&op.class_weights, class) * (log_sum - z[class]));
            n += 1;
        }
    }
    losses::finish(cpu, op.task_idx, sum, n);
}

pub fn backward(op: &ClassesLoss, cpu: &mut Cpu<'_>) {
    let logits = (op.logits, op.n_classes);
    losses::backward(cpu, op.task_idx, logits, op.probabilities, |of| {
        let rows = of
            .gradient
            .chunks_exact_mut(op.n_classes)
            .zip(of.value.chunks_exact(op.n_classes));
        for ((dz, p), y) in rows.zip(of.targets) {
            let class = class_of(*y, op.n_classes);
            let factor = class.map_or(0.0, |class| of.factor * class_weight(&op.class_weights, class));
            if of.accumulate {
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
    });
}
