//! Kernels of the maximum.

use super::Maximum;
use crate::{
    losses::put,
    operation::{At, Cpu},
};

pub fn forward(op: &Maximum, cpu: &mut Cpu<'_>) {
    for (index, term) in op.terms.iter().enumerate() {
        let [x, y] = cpu.memory.values([*term, op.y]);
        if index == 0 {
            y.copy_from_slice(x);
        } else {
            for (y, x) in y.iter_mut().zip(x.iter()) {
                *y = if *x > *y { *x } else { *y };
            }
        }
    }
    cpu.memory.one(At::Value(op.counts)).fill(0.0);
    for term in &op.terms {
        let [x, y, counts] = cpu.memory.values([*term, op.y, op.counts]);
        for ((count, x), y) in counts.iter_mut().zip(x.iter()).zip(y.iter()) {
            *count += if x == y { 1.0 } else { 0.0 };
        }
    }
}

pub fn backward(op: &Maximum, cpu: &mut Cpu<'_>) {
    for term in &op.terms {
        if !cpu.memory.wants(*term) {
            continue;
        }
        let accumulate = cpu.memory.claim(*term);
        let [x, y, counts, dy, dx] = cpu.memory.get([
            At::Value(*term),
            At::Value(op.y),
            At::Value(op.counts),
            At::Gradient(op.y),
            At::Gradient(*term),
        ]);
        for (index, dx) in dx.iter_mut().enumerate() {
            let share = if x[index] == y[index] {
                dy[index] / counts[index]
            } else {
                0.0
            };
            put(dx, share, accumulate);
        }
    }
}
