//! Gradient of the regularisers.

use crate::multiversion;

multiversion! {
    /// `gradient += 2 l2 value + l1 sign(value)`.
    pub fn add_regulariser(gradients: &mut [f32], values: &[f32], l1: f32, twice_l2: f32) {
        for (gradient, value) in gradients.iter_mut().zip(values) {
            let sign = if *value > 0.0 { 1.0 } else if *value < 0.0 { -1.0 } else { 0.0 };
            *gradient += twice_l2 * value + l1 * sign;
        }
    }
}
