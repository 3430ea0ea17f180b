//! `n = (x - mean x) / √(var x + ε)`, `y = γ n + β`, over the width of each step.

use libm::sqrt;
use ndarray::Axis;

use super::LayerNorm;
use crate::operation::reference::{Arrays, Axes, ReferenceOperation};

impl ReferenceOperation for LayerNorm {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, self.width);
        let [gamma, beta] = [self.gamma, self.beta].map(|parameter| arrays.parameter(parameter, self.width));
        let from_mean = &x - &x.mean_along(1);
        let variance = (&from_mean * &from_mean).mean_along(1);
        let inverse = (variance + f64::from(self.epsilon)).mapv(|v| 1.0 / sqrt(v));
        let n = from_mean * &inverse;
        arrays.write(self.y, &n * &gamma + beta);
        arrays.write(self.normalized, n);
        arrays.write(self.inverse, inverse);
    }

    /// With g = γ dy: `dx = (g - mean g - n mean(g n)) / √(var x + ε)`, `dγ = Σ dy n`, `dβ = Σ dy`.
    fn backward(&self, arrays: &mut Arrays) {
        let (n, inverse) = (
            arrays.value(self.normalized, self.width),
            arrays.value(self.inverse, 1),
        );
        let dy = arrays.gradient(self.y, self.width);
        let g = &dy * &arrays.parameter(self.gamma, self.width);
        let dx = (&g - &g.mean_along(1) - &n * &(&g * &n).mean_along(1)) * inverse;
        arrays.add_gradient(self.x, dx);
        arrays.add_parameter_gradient(self.gamma, (&dy * &n).sum_axis(Axis(0)));
        arrays.add_parameter_gradient(self.beta, dy.sum_axis(Axis(0)));
    }
}
