//! Kernels of the product that is broadcast over steps.

use super::BroadcastMultiply;
use crate::{
    losses::put,
    operation::{At, Cpu},
};
use mtl_kernels::multiversion;

pub fn forward(op: &BroadcastMultiply, cpu: &mut Cpu<'_>) {
    let [x, gate, y] = cpu.memory.values([op.x, op.gate, op.y]);
    multiply(y, x, gate, op.steps, op.width, false);
}

pub fn backward(op: &BroadcastMultiply, cpu: &mut Cpu<'_>) {
    if cpu.memory.wants(op.x) {
        let accumulate = cpu.memory.claim(op.x);
        let [gate, dy, dx] = cpu
            .memory
            .get([At::Value(op.gate), At::Gradient(op.y), At::Gradient(op.x)]);
        multiply(dx, dy, gate, op.steps, op.width, accumulate);
    }
    if cpu.memory.wants(op.gate) {
        let accumulate = cpu.memory.claim(op.gate);
        let [x, dy, d_gate] = cpu
            .memory
            .get([At::Value(op.x), At::Gradient(op.y), At::Gradient(op.gate)]);
        gate_gradient(d_gate, x, dy, op.steps, op.width, accumulate);
    }
}

multiversion! {
    /// `y_t (+)= x_t ⊙ gate`.
    fn multiply(y: &mut [f32], x: &[f32], gate: &[f32], steps: usize, width: usize, accumulate: bool) {
        let size = steps * width;
        let rows = y.chunks_exact_mut(size).zip(x.chunks_exact(size)).zip(gate.chunks_exact(width));
        for ((y, x), gate) in rows {
            for (y, x) in y.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
                for ((y, x), gate) in y.iter_mut().zip(x).zip(gate) {
                    put(y, x * gate, accumulate);
                }
            }
        }
    }

    /// `d_gate (+)= Σ_t x_t ⊙ dy_t`, from the first step to the last.
    fn gate_gradient(d_gate: &mut [f32], x: &[f32], dy: &[f32], steps: usize, width: usize, accumulate: bool) {
        let size = steps * width;
        let rows = d_gate.chunks_exact_mut(width).zip(x.chunks_exact(size)).zip(dy.chunks_exact(size));
        for ((d_gate, x), dy) in rows {
            if !accumulate {
                d_gate.fill(0.0);
            }
            for (x, dy) in x.chunks_exact(width).zip(dy.chunks_exact(width)) {
                for ((d_gate, x), dy) in d_gate.iter_mut().zip(x).zip(dy) {
                    *d_gate += x * dy;
                }
            }
        }
    }
}
