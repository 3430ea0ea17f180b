//! Kernels of the mixture of experts, one expert at a time.

use super::Mixture;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::mixture::{add_dots, add_weighted},
};

pub fn forward(op: &Mixture, cpu: &mut Cpu<'_>) {
    for (index, expert) in op.experts.iter().enumerate() {
        let [x, weights, y] = cpu.memory.values([*expert, op.weights, op.y]);
        add_weighted(y, x, weights, op.experts.len(), index, op.width, index > 0);
    }
}

pub fn backward(op: &Mixture, cpu: &mut Cpu<'_>) {
    let n_experts = op.experts.len();
    for (index, expert) in op.experts.iter().enumerate() {
        if cpu.memory.wants(*expert) {
            let accumulate = cpu.memory.claim(*expert);
            let [weights, dy, dx] =
                cpu.memory
                    .get([At::Value(op.weights), At::Gradient(op.y), At::Gradient(*expert)]);
            add_weighted(dx, dy, weights, n_experts, index, op.width, accumulate);
        }
    }
    if cpu.memory.wants(op.weights) {
        let accumulate = cpu.memory.claim(op.weights);
        for (index, expert) in op.experts.iter().enumerate() {
            let [x, dy, dw] =
                cpu.memory
                    .get([At::Value(*expert), At::Gradient(op.y), At::Gradient(op.weights)]);
            add_dots(dw, x, dy, n_experts, index, op.width, accumulate);
        }
    }
}
