//! Kernels of the squared error.

use super::SquaredLoss;
use crate::{
    losses,
    operation::{At, Cpu},
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
    losses::finish(cpu, op.task_idx, sum, n);
}

pub fn backward(op: &SquaredLoss, cpu: &mut Cpu<'_>) {
    losses::backward(cpu, op.task_idx, (op.logits, 1), op.logits, |of| {
        for ((dz, z), y) in of.gradient.iter_mut().zip(of.value).zip(of.targets) {
            let gradient = if y.is_nan() {
                0.0
            } else {
                2.0 * of.factor * (z - y)
            };
            losses::put(dz, gradient, of.accumulate);
        }
    });
}
