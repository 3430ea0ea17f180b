//! Kernels of dropout.

use super::DropoutMask;
use crate::{
    operation::{At, Cpu},
    specs::Mode,
};
use mtl_kernels::multiversion;

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
pub fn counter_key(run_seed: u64, stream: u64, step: u64) -> [u32; 2] {
    let mix = |value: u64| {
        let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    };
    let key = mix(mix(mix(run_seed.wrapping_add(0x9e37_79b9_7f4a_7c15)) ^ stream).wrapping_add(step));
    [key as u32, (key >> 32) as u32]
}

/// 32 bits for a position: two rounds of a 32-bit finaliser, cheap in vectors and in shaders.
#[inline(always)]
pub(crate) fn hash(position: u32, key: [u32; 2]) -> u32 {
    let round = |value: u32| {
        let value = (value ^ (value >> 16)).wrapping_mul(0x7feb_352d);
        let value = (value ^ (value >> 15)).wrapping_mul(0x846c_a68b);
        value ^ (value >> 16)
    };
    round(round(position ^ key[0]).wrapping_add(key[1]))
}

multiversion! {
    fn draw(x: &[f32], y: &mut [f32], kept: &mut [f32], rate: f32, key: [u32; 2]) {
        // 24 bits against the rate: exact in f32.
        let threshold = (rate * 16_777_216.0) as u32;
        let scale = 1.0 / (1.0 - rate);
        for (position, ((y, kept), x)) in y.iter_mut().zip(kept.iter_mut()).zip(x).enumerate() {
            let keep = hash(position as u32, key) >> 8 >= threshold;
            *kept = if keep { scale } else { 0.0 };
            *y = x * *kept;
        }
    }

    fn multiply(dx: &mut [f32], dy: &[f32], kept: &[f32], accumulate: bool) {
        for ((dx, dy), kept) in dx.iter_mut().zip(dy).zip(kept) {
            *dx = if accumulate { *dx + dy * kept } else { dy * kept };
        }
    }
}
