//! `n = (x - μ) / √(v + ε)`, `y = γ n + β`, with the batch's mean and variance over the steps that count while training, if they are
//! more than one and the layer is not frozen; with the running ones otherwise.

use libm::sqrt;
use ndarray::{Array1, Array2, Axis};

use super::BatchNorm;
use crate::operation::reference::{Arrays, Axes, ReferenceOperation};

impl BatchNorm {
    /// Which steps count, 1 or 0, `(rows · steps) × 1`.
    fn counted(&self, arrays: &Arrays) -> Array2<f64> {
        let n_steps = arrays.value(self.x, self.width).nrows();
        let all = Array2::ones((n_steps, 1));
        self.mask.map_or(all, |mask| arrays.value(mask, 1))
    }

    /// Mean and variance of the batch; `None` when the running ones are used.
    fn of_batch(&self, arrays: &Arrays) -> Option<(Array1<f64>, Array1<f64>)> {
        let (x, m) = (arrays.value(self.x, self.width), self.counted(arrays));
        let n = m.sum();
        (arrays.is_training() && !self.frozen && n > 1.0).then(|| {
            let mean = (&x * &m).sum_axis(Axis(0)) / n;
            let from_mean = &x - &mean;
            let variance = (&from_mean * &from_mean * &m).sum_axis(Axis(0)) / n;
            (mean, variance)
        })
    }
}

impl ReferenceOperation for BatchNorm {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, self.width);
        let moving =
            [self.moving_mean, self.moving_variance].map(|statistic| arrays.parameter(statistic, self.width));
        let [gamma, beta] = [self.gamma, self.beta].map(|parameter| arrays.parameter(parameter, self.width));
        let (mean, variance) = match self.of_batch(arrays) {
            Some((mean, variance)) => {
                let momentum = 1.0 - (1.0 - f64::from(self.momentum)) * arrays.share_of_full_batch();
                let [moving_mean, moving_variance] = moving;
                arrays.set_statistic(
                    self.moving_mean,
                    momentum * moving_mean + (1.0 - momentum) * &mean,
                );
                arrays.set_statistic(
                    self.moving_variance,
                    momentum * moving_variance + (1.0 - momentum) * &variance,
                );
                (mean, variance)
            }
            None => moving.into(),
        };
        let deviation = (variance + f64::from(self.epsilon)).mapv(sqrt);
        let n = (x - &mean) / &deviation;
        arrays.write(self.y, &n * &gamma + beta);
        arrays.write(self.normalized, n);
        arrays.write(
            self.statistics,
            ndarray::concatenate![Axis(0), mean, 1.0 / deviation, Array1::zeros(2 * self.width)],
        );
    }

    /// `dγ = Σ dy n`, `dβ = Σ dy`. With g = γ dy and N steps that count: `dx = (g - m (Σ g + n Σ g n) / N) / √(v + ε)` where
    /// the statistics are the batch's (a step with m = 0 moved neither of them), `dx = g / √(v + ε)` otherwise.
    fn backward(&self, arrays: &mut Arrays) {
        let (n, dy) = (
            arrays.value(self.normalized, self.width),
            arrays.gradient(self.y, self.width),
        );
        let g = &dy * &arrays.parameter(self.gamma, self.width);
        let statistics = arrays.value(self.statistics, 4 * self.width);
        let inverse = statistics.slice(ndarray::s![0, self.width..2 * self.width]);
        let mut dx = g.clone();
        if self.of_batch(arrays).is_some() {
            let m = self.counted(arrays);
            dx -= &(&m * &(g.sum_along(0) + &n * &(&g * &n).sum_along(0)) / m.sum());
        }
        arrays.add_gradient(self.x, dx * inverse);
        arrays.add_parameter_gradient(self.gamma, (&dy * &n).sum_axis(Axis(0)));
        arrays.add_parameter_gradient(self.beta, dy.sum_axis(Axis(0)));
    }
}
