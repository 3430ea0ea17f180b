//! `min bᵀw + κ √(wᵀA w)` over the simplex: the dual of a linear objective over a ball or a cone.
//!
//! With `√s = min over t > 0 of (s / t + t) / 2` it becomes `min over t of F(t)`, where
//! `F(t) = κ t / 2 + min over w of (κ / 2t) wᵀA w + bᵀw`: convex in `t`, with the derivative `κ / 2 (1 - s(w) / t²)`.
//! It is 0 where `log √s(w) = log t`; the difference falls with `log t`, nearly as a line does, and its root is found
//! by the Illinois form of the rule of false position, each turn a quadratic program (see [`quadratic`]).

use mtl_kernels::elementary::{exp_f64, log_f64};

use super::quadratic::{self, Constraint};
use super::square_norm;

/// A norm below this, relative to gradients of length 1, counts as 0.
pub const SMALLEST: f64 = 1e-6;
/// Of the quadratic programs: their quadratic part is divided by norms as small as [`SMALLEST`], beside which it must
/// not be seen.
const RIDGE: f64 = 1e-13;
/// Of `t`, relative.
pub const TOLERANCE: f64 = 1e-13;

/// Working memory for `n` variables.
pub struct Workspace<'a> {
    /// `n x n`.
    pub scaled: &'a mut [f64],
    /// `(n + 1)²`.
    pub system: &'a mut [f64],
    /// `n + 1`.
    pub solution: &'a mut [f64],
    /// `n`.
    pub slopes: &'a mut [f64],
    /// The free variables; room for `n` is reserved.
    pub free: &'a mut Vec<usize>,
}

/// Writes the solution into `w`; `matrix` is positive semi-definite, its diagonal of the order of 1, and `kappa >= 0`.
pub fn minimize(matrix: &[f64], linear_term: &[f64], kappa: f64, w: &mut [f64], work: Workspace<'_>) {
    let n = w.len();
    let Workspace {
        scaled,
        system,
        solution,
        slopes,
        free,
    } = work;
    // How much longer than t the vector for t is, in logarithms.
    let mut excess = |log_t: f64, w: &mut [f64]| {
        let factor = kappa / exp_f64(log_t);
        for (scaled, value) in scaled.iter_mut().zip(&matrix[..n * n]) {
            *scaled = value * factor;
        }
        let work = quadratic::Workspace {
            system: &mut *system,
            solution: &mut *solution,
            slopes: &mut *slopes,
            free: &mut *free,
        };
        quadratic::minimize(&scaled[..n * n], linear_term, Constraint::Simplex, RIDGE, w, work);
        log_f64(square_norm(matrix, w).sqrt().max(1e-3 * SMALLEST)) - log_t
    };
    let largest = (0..n).fold(0.0_f64, |largest, i| largest.max(matrix[i * n + i]));
    // Nothing on the simplex is longer than the longest corner.
    let (mut low, mut high) = (log_f64(0.5 * SMALLEST), log_f64(largest.sqrt() + SMALLEST));
    let mut low_excess = excess(low, w);
    if low_excess <= 0.0 || kappa == 0.0 {
        return;
    }
    let mut high_excess = excess(high, w);
    let mut side = 0.0;
    for _ in 0..100 {
        if high_excess.abs() <= TOLERANCE || high - low <= TOLERANCE {
            break;
        }
        let middle = (low * high_excess - high * low_excess) / (high_excess - low_excess);
        let middle_excess = excess(middle, w);
        if middle_excess.abs() <= TOLERANCE {
            break;
        }
        // An end that stands still a second time counts half, so that it moves next.
        let stays = if middle_excess.signum() == side { 0.5 } else { 1.0 };
        side = middle_excess.signum();
        if middle_excess > 0.0 {
            (low, low_excess) = (middle, middle_excess);
            high_excess *= stays;
        } else {
            (high, high_excess) = (middle, middle_excess);
            low_excess *= stays;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::{dot, product};
    use mtl_kernels::random::Random;

    #[test]
    fn no_corner_and_no_neighbour_is_better() {
        let mut random = Random::new(3);
        for n in 1..=6 {
            for rank in 1..=n {
                for _ in 0..10 {
                    let rows: Vec<f64> = (0..n * rank).map(|_| random.normal_f64()).collect();
                    let mut matrix = vec![0.0; n * n];
                    for i in 0..n {
                        for j in 0..n {
                            matrix[i * n + j] =
                                (0..rank).map(|k| rows[i * rank + k] * rows[j * rank + k]).sum();
                        }
                    }
                    let mut linear_term = vec![0.0; n];
                    product(&matrix, &vec![1.0 / n as f64; n], &mut linear_term);
                    let kappa = random.uniform_f64() * 2.0;
                    let value = |w: &[f64]| dot(&linear_term, w) + kappa * square_norm(&matrix, w).sqrt();
                    let mut w = vec![0.0; n];
                    let work = Workspace {
                        scaled: &mut vec![0.0; n * n],
                        system: &mut vec![0.0; (n + 1) * (n + 1)],
                        solution: &mut vec![0.0; n + 1],
                        slopes: &mut vec![0.0; n],
                        free: &mut Vec::new(),
                    };
                    minimize(&matrix, &linear_term, kappa, &mut w, work);
                    assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-9);
                    let best = value(&w);
                    for _ in 0..200 {
                        let mut other: Vec<f64> = (0..n).map(|_| -random.uniform_f64().ln()).collect();
                        let total: f64 = other.iter().sum();
                        let part = random.uniform_f64().powi(4);
                        for (other, w) in other.iter_mut().zip(&w) {
                            *other = w + part * (*other / total - w);
                        }
                        assert!(value(&other) >= best - 1e-5, "{} {best}", value(&other));
                    }
                }
            }
        }
    }
}
