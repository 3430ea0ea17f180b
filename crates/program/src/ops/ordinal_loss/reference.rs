//! `P(y > k) = σ(s - θ_k)`, `p_k = P(y > k - 1) - P(y > k)`, `l = -w_y log p_y`, with thresholds
//! `θ_k = θ_{k-1} + softplus(d_k) + 0.001`.

use libm::{exp, expm1, log};
use ndarray::{Array1, Array2};

use super::OrdinalLoss;
use crate::{
    losses::class_weight,
    operation::reference::{Arrays, ReferenceOperation, sigmoid, softplus},
};

impl OrdinalLoss {
    fn n_thresholds(&self) -> usize {
        self.n_classes - 1
    }

    /// -∞, θ_0, θ_1, …, ∞: class k is between numbers k and k + 1.
    fn bounds(&self, arrays: &Arrays) -> Vec<f64> {
        let mut bounds = vec![f64::NEG_INFINITY];
        for (k, d) in arrays
            .parameter(self.thresholds, self.n_thresholds())
            .iter()
            .enumerate()
        {
            bounds.push(if k == 0 {
                *d
            } else {
                bounds[k] + softplus(*d) + 1e-3
            });
        }
        bounds.push(f64::INFINITY);
        bounds
    }
}

/// `log (σ(a) - σ(b))` for a > b, as `log (σ(a) σ(-b) (1 - e^(b - a)))`, which has no difference of numbers that are nearly 1.
fn log_difference(a: f64, b: f64) -> f64 {
    -softplus(-a) - softplus(b) + log(-expm1(b - a))
}

/// `σ(x) (1 - σ(x))`, divided by e^log_p.
fn slope_over_p(x: f64, log_p: f64) -> f64 {
    if x.is_infinite() {
        0.0
    } else {
        exp(-softplus(x) - softplus(-x) - log_p)
    }
}

impl ReferenceOperation for OrdinalLoss {
    fn forward(&self, arrays: &mut Arrays) {
        let (s, bounds) = (arrays.value(self.logits, 1), self.bounds(arrays));
        let log_p = Array2::from_shape_fn([arrays.rows(), self.n_classes], |(row, k)| {
            log_difference(s[(row, 0)] - bounds[k], s[(row, 0)] - bounds[k + 1])
        });
        let classes = arrays
            .classes(self.task_idx, self.n_classes)
            .into_iter()
            .enumerate();
        let losses: Array1<f64> = classes
            .map(|(row, y)| {
                y.map_or(f64::NAN, |y| {
                    -f64::from(class_weight(&self.class_weights, y)) * log_p[(row, y)]
                })
            })
            .collect();
        arrays.write(self.probabilities, log_p.mapv(exp));
        arrays.finish_loss(self.task_idx, &losses);
    }

    /// With u = σ(s - θ_{y-1}) and v = σ(s - θ_y): `dl/ds = u + v - 1`, `dl/dθ_{y-1} = u (1 - u) / p_y`,
    /// `dl/dθ_y = -v (1 - v) / p_y`; d_k moves θ_k and all that are above it.
    fn backward(&self, arrays: &mut Arrays) {
        let Some(factor) = arrays.loss_factor(self.task_idx) else {
            return;
        };
        let (s, bounds) = (arrays.value(self.logits, 1), self.bounds(arrays));
        let mut ds = Array2::zeros(s.raw_dim());
        let mut by_bounds = Array1::<f64>::zeros(bounds.len());
        for (row, class) in arrays
            .classes(self.task_idx, self.n_classes)
            .into_iter()
            .enumerate()
        {
            let Some(y) = class else { continue };
            let weight = factor * f64::from(class_weight(&self.class_weights, y));
            let (a, b) = (s[(row, 0)] - bounds[y], s[(row, 0)] - bounds[y + 1]);
            let log_p = log_difference(a, b);
            ds[(row, 0)] = weight * (sigmoid(a) + sigmoid(b) - 1.0);
            by_bounds[y] += weight * slope_over_p(a, log_p);
            by_bounds[y + 1] -= weight * slope_over_p(b, log_p);
        }
        let d = arrays.parameter(self.thresholds, self.n_thresholds());
        let gradient = Array1::from_shape_fn(d.len(), |k| {
            let slope = if k == 0 { 1.0 } else { sigmoid(d[k]) };
            slope * by_bounds.iter().skip(k + 1).sum::<f64>()
        });
        arrays.add_gradient(self.logits, ds);
        arrays.add_parameter_gradient(self.thresholds, gradient);
    }
}
