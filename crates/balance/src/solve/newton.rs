//! The equations `C x = c x^(-1/α)` of bargaining and fair allocation, by damped Newton steps.
//!
//! They are the optimality conditions of `min ½ xᵀC x - Σ c φ(x)` over `x > 0`, where
//! `φ(x) = x^(1 - 1/α) / (1 - 1/α)` and, for α = 1, `φ(x) = log x`. The problem is strictly convex, so that the
//! solution is the only one. Steps are shortened until they stay positive and lower the objective; they end where the
//! equations hold to [`TOLERANCE`], relative to their right side.

use mtl_kernels::elementary::{exp_f64, log_f64};

use super::{dot, linear, square_norm};

/// For the diagonal of a cosine matrix, so that opposed gradients have a solution, though a long one.
pub const RIDGE: f64 = 1e-10;
/// Of the equations, relative.
pub const TOLERANCE: f64 = 1e-12;
/// The most steps; ten tasks take about ten.
const MAX_STEPS: usize = 100;

/// x^power for positive numbers.
pub fn power(x: f64, power: f64) -> f64 {
    if power == 0.0 {
        1.0
    } else {
        exp_f64(power * log_f64(x))
    }
}

/// Working memory for `n` unknowns.
pub struct Workspace<'a> {
    /// `n x n`.
    pub hessian: &'a mut [f64],
    /// `n` numbers each.
    pub step: &'a mut [f64],
    /// A candidate.
    pub trial: &'a mut [f64],
}

/// Solves for `x`; `matrix` is positive semi-definite with a positive diagonal, `factors` are the positive `c`.
pub fn solve_power_equations(
    matrix: &[f64],
    factors: &[f64],
    alpha: f64,
    x: &mut [f64],
    work: Workspace<'_>,
) {
    let n = x.len();
    let exponent = -1.0 / alpha;
    let potential = |x: f64| {
        if alpha == 1.0 {
            log_f64(x)
        } else {
            power(x, 1.0 + exponent) / (1.0 + exponent)
        }
    };
    let objective = |x: &[f64]| {
        let gain: f64 = x.iter().zip(factors).map(|(x, c)| c * potential(*x)).sum();
        0.5 * square_norm(matrix, x) - gain
    };
    // What solves them for orthogonal gradients: d x = c x^(-1/α).
    for i in 0..n {
        x[i] = power(factors[i] / matrix[i * n + i], alpha / (alpha + 1.0));
    }
    let Workspace { hessian, step, trial } = work;
    let mut value = objective(x);
    for _ in 0..MAX_STEPS {
        let mut error = 0.0_f64;
        for i in 0..n {
            let right = factors[i] * power(x[i], exponent);
            let left = dot(&matrix[i * n..(i + 1) * n], x);
            error = error.max((left - right).abs() / right);
            step[i] = right - left;
            hessian[i * n..(i + 1) * n].copy_from_slice(&matrix[i * n..(i + 1) * n]);
            hessian[i * n + i] += right / (alpha * x[i]);
        }
        if error <= TOLERANCE {
            return;
        }
        let slope_start: f64 = step[..n].iter().map(|r| r * r).sum();
        trial[..n].copy_from_slice(&step[..n]);
        if slope_start == 0.0 || !linear::solve(&mut hessian[..n * n], &mut step[..n]) {
            return;
        }
        // Along a Newton step the objective falls at this rate.
        let rate = dot(&trial[..n], &step[..n]);
        let mut length = 1.0_f64;
        for i in 0..n {
            if step[i] < 0.0 {
                length = length.min(0.9 * x[i] / -step[i]);
            }
        }
        let mut is_lower = false;
        for _ in 0..40 {
            for i in 0..n {
                trial[i] = x[i] + length * step[i];
            }
            let lower = objective(&trial[..n]);
            // Near the solution rounding hides the decrease: whole steps are taken there.
            if lower <= value - 1e-4 * length * rate
                || (length == 1.0 && rate <= 1e-12 * value.abs().max(1.0))
            {
                value = lower;
                is_lower = true;
                break;
            }
            length *= 0.5;
        }
        if !is_lower {
            return;
        }
        x.copy_from_slice(&trial[..n]);
    }
}
