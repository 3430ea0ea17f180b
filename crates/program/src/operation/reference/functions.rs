//! Functions of arrays and numbers that several formulas share.

use libm::{erf, exp, log1p, sqrt};
use ndarray::{Array, Array1, Array2, ArrayBase, ArrayView1, Axis, Data, Dimension, RemoveAxis, Zip};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Sums along an axis that keep the axis with length 1, so that the result broadcasts against the array.
pub trait Axes<D> {
    /// Σ along an axis.
    fn sum_along(&self, axis: usize) -> Array<f64, D>;

    /// The mean along an axis; 0 of nothing.
    fn mean_along(&self, axis: usize) -> Array<f64, D>;
}

impl<S: Data<Elem = f64>, D: RemoveAxis> Axes<D> for ArrayBase<S, D>
where
    D::Smaller: Dimension<Larger = D>,
{
    fn sum_along(&self, axis: usize) -> Array<f64, D> {
        self.sum_axis(Axis(axis)).insert_axis(Axis(axis))
    }

    fn mean_along(&self, axis: usize) -> Array<f64, D> {
        self.sum_along(axis) / self.len_of(Axis(axis)).max(1) as f64
    }
}

/// `max(x, 0)`.
pub fn relu(x: f64) -> f64 {
    x.max(0.0)
}

/// `1 / (1 + e^-x)`.
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// `log(1 + e^x)`, written so that `e^x` does not overflow.
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + log1p(exp(-x.abs()))
}

/// Φ, the distribution function of the standard normal.
pub fn gauss_cdf(x: f64) -> f64 {
    0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// φ, the density of the standard normal.
pub fn gauss_density(x: f64) -> f64 {
    exp(-0.5 * x * x) / sqrt(2.0 * PI)
}

/// `p_i = m_i e^x_i / Σ_j m_j e^x_j`; all 0 where the mask m counts nothing. x is moved by its largest counted number, so
/// that `e^x` does not overflow.
pub fn softmax(x: ArrayView1<'_, f64>, mask: ArrayView1<'_, f64>) -> Array1<f64> {
    let counted = x.iter().zip(mask).filter(|(_, mask)| **mask != 0.0);
    let largest = counted.fold(f64::NEG_INFINITY, |largest, (x, _)| largest.max(*x));
    let powers = Zip::from(x)
        .and(mask)
        .map_collect(|x, mask| if *mask == 0.0 { 0.0 } else { exp(x - largest) });
    let sum = powers.sum();
    if sum == 0.0 { powers } else { powers / sum }
}

/// The gradient of each row of x for `p = softmax(x)`: `dx = p ⊙ (dp - Σ p dp)`.
pub fn softmax_gradient(p: &Array2<f64>, dp: &Array2<f64>) -> Array2<f64> {
    p * &(dp - &(p * dp).sum_along(1))
}
