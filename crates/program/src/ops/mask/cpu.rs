//! Kernels of the mask.

use super::{Mask, MaskRule};
use crate::operation::{At, Cpu};

pub fn forward(op: &Mask, cpu: &mut Cpu<'_>) {
    match op.rule {
        MaskRule::KnownIds(slot) => {
            let ids = cpu.ids(slot, op.length);
            for (mask, id) in cpu.memory.one(At::Value(op.y)).iter_mut().zip(ids) {
                *mask = if *id == 0 { 0.0 } else { 1.0 };
            }
        }
        MaskRule::Both(a, b) => {
            let [a, b, y] = cpu.memory.values([a, b, op.y]);
            for ((y, a), b) in y.iter_mut().zip(a.iter()).zip(b.iter()) {
                *y = a * b;
            }
        }
        MaskRule::Every { mask, stride, length } => {
            let [mask, y] = cpu.memory.values([mask, op.y]);
            for (mask, y) in mask.chunks_exact(length).zip(y.chunks_exact_mut(op.length)) {
                for (step, y) in y.iter_mut().enumerate() {
                    *y = mask[step * stride];
                }
            }
        }
        MaskRule::Either(a, b) => {
            let [a, b, y] = cpu.memory.values([a, b, op.y]);
            for ((y, a), b) in y.iter_mut().zip(a.iter()).zip(b.iter()) {
                *y = if *a > *b { *a } else { *b };
            }
        }
    }
}
