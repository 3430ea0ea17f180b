//! Kernels of dropout.

use super::DropoutMask;
use crate::{
    backend::cpu::{At, Cpu},
    kernels::dropout::{draw, multiply},
    plan::Mode,
};

pub fn forward(op: &DropoutMask, cpu: &mut Cpu<'_>) {
    let [x, y, kept] = cpu.memory.values([op.x, op.y, op.kept]);
    match cpu.mode {
        Mode::Train { step } if op.rate > 0.0 => {
            let key = counter_key(cpu.run_seed, op.stream, step);
            draw(x, y, kept, op.rate, key);
        }
        Mode::Train { .. } | Mode::Infer => {
            y.copy_from_slice(x);
            kept.fill(1.0);
        }
    }
}

pub fn backward(op: &DropoutMask, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [kept, dy, dx] = cpu
        .memory
        .get([At::Value(op.kept), At::Gradient(op.y), At::Gradient(op.x)]);
    multiply(dx, dy, kept, accumulate);
}

/// The key of a node's draws in one step.
pub(crate) fn counter_key(run_seed: u64, stream: u64, step: u64) -> [u32; 2] {
    let mix = |value: u64| {
        let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    let key = mix(mix(mix(run_seed.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ stream).wrapping_add(step));
    [key as u32, (key >> 32) as u32]
}
