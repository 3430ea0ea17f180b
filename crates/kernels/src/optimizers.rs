//! One step of each update rule on a slice of parameters; the rules are written out in `mtl_engine::optimizers`.

use crate::multiversion;

/// What is the same for every parameter within one step of Adam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// α: the learning rate with both bias corrections.
    pub alpha: f32,
    /// 1 − β₁.
    pub one_minus_beta_1: f32,
    /// 1 − β₂.
    pub one_minus_beta_2: f32,
    /// ε.
    pub epsilon: f32,
}

impl Adam {
    /// Moves the moments `mean` and `square` and returns what is to be subtracted from the parameter.
    #[inline(always)]
    fn decrement(&self, gradient: f32, mean: &mut f32, square: &mut f32) -> f32 {
        *mean += (gradient - *mean) * self.one_minus_beta_1;
        *square += (gradient * gradient - *square) * self.one_minus_beta_2;
        *mean * self.alpha / (square.sqrt() + self.epsilon)
    }
}

/// What is the same for every parameter within one step of AdamW.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamW {
    /// Those of Adam.
    pub adam: Adam,
    /// λ.
    pub weight_decay: f32,
    /// η, which also scales the decay.
    pub learning_rate: f32,
}

multiversion! {
    /// Adam.
    pub fn adam(constants: Adam, values: &mut [f32], gradients: &[f32], means: &mut [f32], squares: &mut [f32]) {
        for (((value, gradient), mean), square) in values.iter_mut().zip(gradients).zip(means).zip(squares) {
            *value -= constants.decrement(*gradient, mean, square);
        }
    }

    /// AdamW.
    pub fn adamw(constants: AdamW, values: &mut [f32], gradients: &[f32], means: &mut [f32], squares: &mut [f32]) {
        let AdamW { adam, weight_decay, learning_rate } = constants;
        for (((value, gradient), mean), square) in values.iter_mut().zip(gradients).zip(means).zip(squares) {
            let decayed = *value - *value * weight_decay * learning_rate;
            *value = decayed - adam.decrement(*gradient, mean, square);
        }
    }

    /// Adagrad.
    pub fn adagrad(learning_rate: f32, epsilon: f32, values: &mut [f32], gradients: &[f32], squares: &mut [f32]) {
        for ((value, gradient), square) in values.iter_mut().zip(gradients).zip(squares) {
            *square += gradient * gradient;
            *value -= learning_rate * gradient / (*square + epsilon).sqrt();
        }
    }

    /// SGD without momentum.
    pub fn sgd(learning_rate: f32, values: &mut [f32], gradients: &[f32]) {
        for (value, gradient) in values.iter_mut().zip(gradients) {
            *value -= gradient * learning_rate;
        }
    }

    /// SGD with momentum.
    pub fn momentum(
        learning_rate: f32,
        momentum: f32,
        nesterov: bool,
        values: &mut [f32],
        gradients: &[f32],
        velocities: &mut [f32],
    ) {
        for ((value, gradient), velocity) in values.iter_mut().zip(gradients).zip(velocities) {
            *velocity = *velocity * momentum - gradient * learning_rate;
            *value += if nesterov { *velocity * momentum - gradient * learning_rate } else { *velocity };
        }
    }
}
