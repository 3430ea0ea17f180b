//! Kernels of the product.

use super::Multiply;
use crate::operation::{At, Cpu};
use mtl_kernels::vector::{add_assign, mul_assign};

pub fn forward(op: &Multiply, cpu: &mut Cpu<'_>) {
    for (index, factor) in op.factors.iter().enumerate() {
        let [x, y] = cpu.memory.values([*factor, op.y]);
        if index == 0 {
            y.copy_from_slice(x);
        } else {
            mul_assign(y, x);
        }
    }
}

pub fn backward(op: &Multiply, cpu: &mut Cpu<'_>) {
    for (index, factor) in op.factors.iter().enumerate() {
        if !cpu.memory.wants(*factor) {
            continue;
        }
        let [dy, partial] = cpu.memory.get([At::Gradient(op.y), At::Value(op.partial)]);
        partial.copy_from_slice(dy);
        for (other_index, other) in op.factors.iter().enumerate() {
            if other_index != index {
                let [x, partial] = cpu.memory.values([*other, op.partial]);
                mul_assign(partial, x);
            }
        }
        let accumulate = cpu.memory.claim(*factor);
        let [partial, dx] = cpu.memory.get([At::Value(op.partial), At::Gradient(*factor)]);
        if accumulate {
            add_assign(dx, partial);
        } else {
            dx.copy_from_slice(partial);
        }
    }
}
