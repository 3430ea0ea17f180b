//! Kernels of the sum.

use super::Sum;
use crate::operation::{At, Cpu};
use mtl_kernels::multiversion;

pub fn forward(op: &Sum, cpu: &mut Cpu<'_>) {
    for (index, (x, factor)) in op.terms.iter().enumerate() {
        let [x, y] = cpu.memory.values([*x, op.y]);
        add_scaled(y, x, *factor, index > 0);
    }
}

pub fn backward(op: &Sum, cpu: &mut Cpu<'_>) {
    for (x, factor) in &op.terms {
        if cpu.memory.wants(*x) {
            let accumulate = cpu.memory.claim(*x);
            let [dy, dx] = cpu.memory.get([At::Gradient(op.y), At::Gradient(*x)]);
            add_scaled(dx, dy, *factor, accumulate);
        }
    }
}

multiversion! {
    /// `y (+)= factor x`.
    fn add_scaled(y: &mut [f32], x: &[f32], factor: f32, accumulate: bool) {
        if accumulate {
            for (y, x) in y.iter_mut().zip(x) {
                *y += factor * x;
            }
        } else {
            for (y, x) in y.iter_mut().zip(x) {
                *y = factor * x;
            }
        }
    }
}
