//! Kernels of the scaling to length 1.

use super::UnitNorm;
use crate::{
    losses::put,
    operation::{At, Cpu},
};
use mtl_kernels::vector::{dot, sum_of_squares};

/// Smallest squared length that is divided by, as in Keras.
const EPSILON: f32 = 1e-12;

pub fn forward(op: &UnitNorm, cpu: &mut Cpu<'_>) {
    let [x, y, inverse] = cpu.memory.values([op.x, op.y, op.inverse]);
    for ((x, y), inverse) in x
        .chunks_exact(op.width)
        .zip(y.chunks_exact_mut(op.width))
        .zip(inverse)
    {
        let squares = sum_of_squares(x);
        *inverse = 1.0 / (if squares > EPSILON { squares } else { EPSILON }).sqrt();
        for (y, x) in y.iter_mut().zip(x) {
            *y = x * *inverse;
        }
    }
}

pub fn backward(op: &UnitNorm, cpu: &mut Cpu<'_>) {
    if !cpu.memory.wants(op.x) {
        return;
    }
    let accumulate = cpu.memory.claim(op.x);
    let [y, inverse, dy, dx] = cpu.memory.get([
        At::Value(op.y),
        At::Value(op.inverse),
        At::Gradient(op.y),
        At::Gradient(op.x),
    ]);
    let rows = y
        .chunks_exact(op.width)
        .zip(dy.chunks_exact(op.width))
        .zip(inverse.iter());
    for (((y, dy), inverse), dx) in rows.zip(dx.chunks_exact_mut(op.width)) {
        // Below the smallest length the scale is a constant.
        let along = if *inverse < 1.0 / EPSILON.sqrt() {
            dot(y, dy)
        } else {
            0.0
        };
        for ((dx, y), dy) in dx.iter_mut().zip(y).zip(dy) {
            put(dx, (dy - y * along) * inverse, accumulate);
        }
    }
}
