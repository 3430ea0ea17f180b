//! Adam (Kingma and Ba 2015) as Keras computes it: ε is the paper's "epsilon hat", outside the bias correction.
//!
//! In step t, with α = η·√(1 − β₂ᵗ) / (1 − β₁ᵗ):
//! m ← m + (g − m)·(1 − β₁), v ← v + (g² − v)·(1 − β₂), θ ← θ − m·α / (√v + ε).

use super::{MAX_SLOTS, Method, SMALLEST_DIVISOR, as_typed};
use mtl_kernels::multiversion;

mtl_base::settings! {
    /// Settings of Adam.
    pub struct Adam {
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

/// Constants of one step, the same for every parameter; also used by AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// α: the learning rate with both bias corrections.
    pub alpha: f32,
    /// 1 − β₁.
    pub one_minus_beta_1: f32,
    /// 1 − β₂.
    pub one_minus_beta_2: f32,
    /// ε.
    pub epsilon: f32,
}

impl Constants {
    pub(super) fn new(beta_1: f32, beta_2: f32, epsilon: f32, step: u64, learning_rate: f32) -> Self {
        // In f32 and in this order, as in Keras, so that the first steps agree to the last digits.
        let alpha = learning_rate * (1.0 - power(beta_2, step)).sqrt() / (1.0 - power(beta_1, step));
        Self {
            alpha,
            one_minus_beta_1: (1.0 - as_typed(beta_1)) as f32,
            one_minus_beta_2: (1.0 - as_typed(beta_2)) as f32,
            epsilon,
        }
    }

    /// Moves the moments `mean` and `square` and returns what is to be subtracted from the parameter.
    #[inline(always)]
    pub(super) fn decrement(&self, gradient: f32, mean: &mut f32, square: &mut f32) -> f32 {
        *mean += (gradient - *mean) * self.one_minus_beta_1;
        *square += (gradient * gradient - *square) * self.one_minus_beta_2;
        *mean * self.alpha / (square.sqrt() + self.epsilon)
    }
}

/// base^exponent by repeated squaring in f64, rounded once; below the smallest f32 it is 0.
fn power(base: f32, exponent: u64) -> f32 {
    let mut result = 1.0_f64;
    let mut square = f64::from(base);
    let mut left = exponent;
    while left > 0 {
        if left & 1 == 1 {
            result *= square;
        }
        square *= square;
        left >>= 1;
    }
    result as f32
}

impl Method for Adam {
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
        Constants::new(self.beta_1, self.beta_2, self.epsilon, step, learning_rate)
    }

    fn update(constants: &Constants, values: &mut [f32], gradients: &[f32], slots: [&mut [f32]; MAX_SLOTS]) {
        let [means, squares] = slots;
        step(*constants, values, gradients, means, squares);
    }
}

multiversion! {
    fn step(constants: Constants, values: &mut [f32], gradients: &[f32], means: &mut [f32], squares: &mut [f32]) {
        for (((value, gradient), mean), square) in values.iter_mut().zip(gradients).zip(means).zip(squares) {
            *value -= constants.decrement(*gradient, mean, square);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers() {
        assert_eq!(power(0.9, 0), 1.0);
        assert_eq!(power(0.5, 10), 1.0 / 1024.0);
        assert!((f64::from(power(0.999, 1000)) - 0.367_695_4).abs() < 1e-5);
        assert_eq!(power(0.9, 1_000_000_000), 0.0);
    }

    #[test]
    fn one_minus_beta_is_that_of_the_typed_number() {
        let constants = Adam::default().constants(1, 0.001);
        assert_eq!(constants.one_minus_beta_2, 0.001);
        assert_eq!(constants.one_minus_beta_1, 0.1);
    }
}
