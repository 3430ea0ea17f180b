//! Layer normalisation of one row.

use crate::multiversion;
use crate::vector::{put, sum};

multiversion! {
    /// Writes `(x - mean) / √(variance + ε)` and returns `1 / √(variance + ε)`.
    pub fn normalize(x: &[f32], normalized: &mut [f32], epsilon: f32) -> f32 {
        let share = 1.0 / x.len() as f32;
        let mean = sum(x) * share;
        for (normalized, x) in normalized.iter_mut().zip(x) {
            *normalized = x - mean;
        }
        let mut squares = 0.0;
        for centred in normalized.iter() {
            squares += centred * centred;
        }
        let inverse = 1.0 / (squares * share + epsilon).sqrt();
        for normalized in normalized.iter_mut() {
            *normalized *= inverse;
        }
        inverse
    }

    /// `dx (+)= (g - mean g - n mean(g n)) inverse` with g = γ dy, which overwrites dy.
    pub fn normalize_gradient(
        normalized: &[f32],
        inverse: f32,
        gamma: &[f32],
        dy: &mut [f32],
        dx: &mut [f32],
        accumulate: bool,
    ) {
        let share = 1.0 / dy.len() as f32;
        let (mut mean, mut mean_product) = (0.0, 0.0);
        for ((dy, gamma), n) in dy.iter_mut().zip(gamma).zip(normalized) {
            *dy *= gamma;
            mean += *dy;
            mean_product += *dy * n;
        }
        mean *= share;
        mean_product *= share;
        for ((dx, g), n) in dx.iter_mut().zip(dy.iter()).zip(normalized) {
            put(dx, (g - mean - n * mean_product) * inverse, accumulate);
        }
    }

    /// `y = gamma n + beta`.
    pub fn scale_and_shift(y: &mut [f32], normalized: &[f32], gamma: &[f32], beta: &[f32]) {
        for (((y, n), gamma), beta) in y.iter_mut().zip(normalized.iter()).zip(gamma).zip(beta) {
            *y = gamma * n + beta;
        }
    }
}
