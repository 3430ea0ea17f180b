//! Kernels of the binary cross-entropy.

use super::BinaryLoss;
use crate::{
    losses::{self, class_weight},
    operation::Cpu,
};
use mtl_kernels::elementary::{sigmoid_slice, softplus_slice};

/// Weight of a target of the label in `column`.
#[inline(always)]
fn weight(op: &BinaryLoss, column: usize, target: f32) -> f32 {
    class_weight(&op.class_weights, 2 * column + usize::from(target >= 0.5))
}

pub fn forward(op: &BinaryLoss, cpu: &mut Cpu<'_>) {
    let [z, p] = cpu.memory.values([op.logits, op.probabilities]);
    // Where the probabilities go, log(1 + e^z) is first.
    softplus_slice(p, z);
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    let targets = cpu.targets[op.task_idx].chunks_exact(op.n_labels);
    let rows = z.chunks_exact(op.n_labels).zip(p.chunks_exact(op.n_labels));
    for ((z, softplus), targets) in rows.zip(targets) {
        for (column, ((z, softplus), y)) in z.iter().zip(softplus).zip(targets).enumerate() {
            if !y.is_nan() {
                sum += f64::from(weight(op, column, *y) * (softplus - y * z));
                n += 1;
            }
        }
    }
    sigmoid_slice(p, z);
    losses::finish(cpu, op.task_idx, sum, n);
}

pub fn backward(op: &BinaryLoss, cpu: &mut Cpu<'_>) {
    let logits = (op.logits, op.n_labels);
    losses::backward(cpu, op.task_idx, logits, op.probabilities, |of| {
        let rows = of
            .gradient
            .chunks_exact_mut(op.n_labels)
            .zip(of.value.chunks_exact(op.n_labels));
        for ((dz, p), targets) in rows.zip(of.targets.chunks_exact(op.n_labels)) {
            for (column, ((dz, p), y)) in dz.iter_mut().zip(p).zip(targets).enumerate() {
                let gradient = if y.is_nan() {
                    0.0
                } else {
                    of.factor * weight(op, column, *y) * (p - y)
                };
                losses::put(dz, gradient, of.accumulate);
            }
        }
    });
}
