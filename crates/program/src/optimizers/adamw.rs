//! AdamW (Loshchilov and Hutter 2019): Adam with decoupled weight decay, on every parameter as in Keras.
//!
//! θ ← θ − θ·λ·η, then Adam's step; see [`adam`].

use super::{MAX_SLOTS, Method, SMALLEST_DIVISOR, adam};
use mtl_kernels::multiversion;

mtl_base::settings! {
    /// Settings of AdamW.
    pub struct AdamW {
        /// Decay of the weights.
        weight_decay: f32 = 0.004, Real { min: 0.0, max: 1.0, step: 0.001 },
            ["Weight decay λ", "权重衰减 λ"],
            ["θ ← θ − θ·λ·η before each step, biases included as in Keras.", "每步之前 θ ← θ − θ·λ·η；与 Keras 相同，也作用于偏置。"];
        /// Decay of the mean of gradients.
        beta_1: f32 = 0.9, Real { min: 0.0, max: 0.9999, step: 0.01 },
            ["Beta 1", "β₁"],
            ["Decay of the running mean of gradients.", "梯度滑动平均的衰减率。"];
        /// Decay of the mean of squared gradients.
        beta_2: f32 = 0.999, Real { min: 0.0, max: 0.99999, step: 0.001 },
            ["Beta 2", "β₂"],
            ["Decay of the running mean of squared gradients.", "梯度平方滑动平均的衰减率。"];
        /// ε, which keeps the divisor away from 0.
        epsilon: f32 = 1e-7, Real { min: 0.0, max: 0.1, step: 1e-7 },
            ["Epsilon ε", "ε"],
            ["θ ← θ − α·m / (√v + ε): avoids a division by 0.", "θ ← θ − α·m / (√v + ε)：避免除以 0。"];
    }
}

/// Constants of one step, the same for every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// Constants of Adam.
    pub adam: adam::Constants,
    /// λ.
    pub weight_decay: f32,
    /// η, which also scales the decay.
    pub learning_rate: f32,
}

impl Method for AdamW {
    type Constants = Constants;

    fn n_slots(&self) -> usize {
        2
    }

    fn scales(&self, [_, squares]: [&[f32]; MAX_SLOTS], scales: &mut [f32]) {
        for (scale, square) in scales.iter_mut().zip(squares) {
            *scale = 1.0 / (square.sqrt() + self.epsilon).max(SMALLEST_DIVISOR);
        }
    }

    fn constants(&self, step: u64, learning_rate: f32) -> Constants {
        let adam = adam::Constants::new(self.beta_1, self.beta_2, self.epsilon, step, learning_rate);
        Constants {
            adam,
            weight_decay: self.weight_decay,
            learning_rate,
        }
    }

    fn update(constants: &Constants, values: &mut [f32], gradients: &[f32], slots: [&mut [f32]; MAX_SLOTS]) {
        let [means, squares] = slots;
        step(*constants, values, gradients, means, squares);
    }
}

multiversion! {
    fn step(constants: Constants, values: &mut [f32], gradients: &[f32], means: &mut [f32], squares: &mut [f32]) {
        let Constants { adam, weight_decay, learning_rate } = constants;
        for (((value, gradient), mean), square) in values.iter_mut().zip(gradients).zip(means).zip(squares) {
            let decayed = *value - *value * weight_decay * learning_rate;
            *value = decayed - adam.decrement(*gradient, mean, square);
        }
    }
}
