//! `y = x + σ n` while training, with n standard normal (Box and Muller: `n = √(-2 log u_1) cos 2π u_2`); `y = x` otherwise.

use libm::{cos, log, sqrt};
use std::f64::consts::TAU;

use super::Noise;
use crate::{
    operation::reference::{Arrays, ReferenceOperation},
    ops::dropout::{counter_key, hash},
};

impl ReferenceOperation for Noise {
    fn forward(&self, arrays: &mut Arrays) {
        let mut y = arrays.value(self.x, 1);
        if let Some(step) = arrays.step() {
            let key = counter_key(arrays.run_seed(), self.stream, step);
            // A multiple of 2^-24 in (0, 1].
            let uniform = |counter: usize| f64::from((hash(counter as u32, key) >> 8) + 1) / 16_777_216.0;
            for (position, y) in y.iter_mut().enumerate() {
                let (u_1, u_2) = (uniform(2 * position), uniform(2 * position + 1));
                *y += f64::from(self.deviation) * sqrt(-2.0 * log(u_1)) * cos(TAU * u_2);
            }
        }
        arrays.write(self.y, y);
    }

    /// `dx = dy`.
    fn backward(&self, arrays: &mut Arrays) {
        arrays.add_gradient(self.x, arrays.gradient(self.y, 1));
    }
}
