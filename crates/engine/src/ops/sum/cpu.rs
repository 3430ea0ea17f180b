//! Kernels of the sum.

use super::Sum;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::vector::add_scaled,
};

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
