//! Adagrad (Duchi, Hazan, Singer 2011): a step shrinks where gradients have been large or frequent.
//!
//! a ← a + g², θ ← θ − η·g / √(a + ε), with a starting at 0.1 as in Keras.

use super::{MAX_SLOTS, Method, SMALLEST_DIVISOR};

mtl_base::settings! {
    /// Settings of Adagrad.
    pub struct Adagrad {
        /// Initial value of the sum of squares.
        initial_accumulator_value: f32 = 0.1, Real { min: 0.0, max: 10.0, step: 0.05 },
            ["Initial accumulator", "初始累加值"],
            ["Initial value of the sum of squared gradients.", "梯度平方和的初始值。"];
        /// ε, which keeps the divisor away from 0.
        epsilon: f32 = 1e-7, Real { min: 0.0, max: 0.1, step: 1e-7 },
            ["Epsilon ε", "ε"],
            ["θ ← θ − η·g / √(a + ε): avoids a division by 0.", "θ ← θ − η·g / √(a + ε)：避免除以 0。"];
    }
}

/// Constants of one step, the same for every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// η.
    pub learning_rate: f32,
    /// ε.
    pub epsilon: f32,
}

impl Method for Adagrad {
    type Constants = Constants;

    fn n_slots(&self) -> usize {
        1
    }

    fn slot_start(&self) -> f32 {
        self.initial_accumulator_value
    }

    fn scales(&self, [accumulators, _]: [&[f32]; MAX_SLOTS], scales: &mut [f32]) {
        for (scale, accumulator) in scales.iter_mut().zip(accumulators) {
            *scale = 1.0 / (accumulator + self.epsilon).sqrt().max(SMALLEST_DIVISOR);
        }
    }

    fn constants(&self, _step: u64, learning_rate: f32) -> Constants {
        Constants {
            learning_rate,
            epsilon: self.epsilon,
        }
    }

    fn update(constants: &Constants, values: &mut [f32], gradients: &[f32], slots: [&mut [f32]; MAX_SLOTS]) {
        let Constants {
            learning_rate,
            epsilon,
        } = *constants;
        let [accumulator, _] = slots;
        for ((value, gradient), accumulator) in values.iter_mut().zip(gradients).zip(accumulator) {
            *accumulator += gradient * gradient;
            *value -= learning_rate * gradient / (*accumulator + epsilon).sqrt();
        }
    }
}
