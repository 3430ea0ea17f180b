//! Kernels of the noise.

use super::Noise;
use crate::{
    operation::{At, Cpu},
    ops::dropout::{counter_key, hash},
    specs::Mode,
};
use mtl_kernels::{
    elementary::{cos, log},
    vector::add_assign,
};

pub fn forward(op: &Noise, cpu: &mut Cpu<'_>) {
    let [x, y] = cpu.memory.values([op.x, op.y]);
    y.copy_from_slice(x);
    if let Mode::Train { step } = cpu.mode
        && op.deviation > 0.0
    {
        let key = counter_key(cpu.run_seed, op.stream, step);
        // A multiple of 2^-24 in (0, 1].
        let uniform = |counter: u32| ((hash(counter, key) >> 8) + 1) as f32 / 16_777_216.0;
        for (position, y) in y.iter_mut().enumerate() {
            let (first, second) = (uniform(2 * position as u32), uniform(2 * position as u32 + 1));
            *y += op.deviation * (-2.0 * log(first)).sqrt() * cos(std::f32::consts::TAU * second);
        }
    }
}

pub fn backward(op: &Noise, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [dy, dx] = cpu.memory.get([At::Gradient(op.y), At::Gradient(op.x)]);
    if accumulate {
        add_assign(dx, dy);
    } else {
        dx.copy_from_slice(dy);
    }
}
