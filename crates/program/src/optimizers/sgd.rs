//! Stochastic gradient descent, plain, with momentum, or with Nesterov's momentum.
//!
//! With learning rate η and momentum μ, per parameter θ with gradient g:
//! - μ = 0: θ ← θ − η·g (no state);
//! - μ > 0: v ← μ·v − η·g, then θ ← θ + v, or with Nesterov θ ← θ + μ·v − η·g.

use super::{MAX_SLOTS, Method};

mtl_base::settings! {
    /// Settings of SGD.
    pub struct Sgd {
        /// Momentum μ: the share of the last step that is kept.
        momentum: f32 = 0.0, Real { min: 0.0, max: 0.999, step: 0.05 },
            ["Momentum μ", "动量 μ"],
            ["v ← μ·v − η·g; 0 is plain gradient descent and keeps no state.", "v ← μ·v − η·g；0 即普通梯度下降，不保存状态。"];
        /// Whether to use Nesterov's momentum.
        nesterov: bool = false, Flag,
            ["Nesterov", "Nesterov 加速"],
            ["Nesterov momentum: θ ← θ + μ·v − η·g. Has no effect without momentum.", "Nesterov 动量：θ ← θ + μ·v − η·g。没有动量时不起作用。"];
    }
}

/// Constants of one step, the same for every parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Constants {
    /// η.
    pub learning_rate: f32,
    /// μ.
    pub momentum: f32,
    /// Whether to use Nesterov's momentum.
    pub nesterov: bool,
}

impl Method for Sgd {
    type Constants = Constants;

    fn n_slots(&self) -> usize {
        usize::from(self.momentum != 0.0)
    }

    fn constants(&self, _step: u64, learning_rate: f32) -> Constants {
        Constants {
            learning_rate,
            momentum: self.momentum,
            nesterov: self.nesterov,
        }
    }

    fn update(constants: &Constants, values: &mut [f32], gradients: &[f32], slots: [&mut [f32]; MAX_SLOTS]) {
        let Constants {
            learning_rate,
            momentum,
            nesterov,
        } = *constants;
        let [velocity, _] = slots;
        if momentum == 0.0 {
            for (value, gradient) in values.iter_mut().zip(gradients) {
                *value -= gradient * learning_rate;
            }
        } else if nesterov {
            for ((value, gradient), velocity) in values.iter_mut().zip(gradients).zip(velocity) {
                *velocity = *velocity * momentum - gradient * learning_rate;
                *value += *velocity * momentum - gradient * learning_rate;
            }
        } else {
            for ((value, gradient), velocity) in values.iter_mut().zip(gradients).zip(velocity) {
                *velocity = *velocity * momentum - gradient * learning_rate;
                *value += *velocity;
            }
        }
    }
}
