//! A landscape with two tasks and two parameters on which balancing methods part ways: the toy problem of CAGrad (Liu
//! et al. 2021), on which Nash-MTL, Aligned-MTL and FAMO were shown too.
//!
//! ```text
//! f₁ᵃ = log max(|½(-x₁ - 7) - tanh(-x₂)|, 5e-6) + 6        f₁ᵇ = ((-x₁ + 7)² + 0.1 (-x₂ - 8)²) / 10 - 20
//! f₂ᵃ = log max(|½(-x₁ + 3) + tanh(-x₂) + 2|, 5e-6) + 6    f₂ᵇ = ((-x₁ - 7)² + 0.1 (-x₂ - 8)²) / 10 - 20
//! c₁ = max(tanh(½x₂), 0),  c₂ = max(tanh(-½x₂), 0)
//! L₁ = c₁ f₁ᵃ + c₂ f₁ᵇ,    L₂ = c₁ f₂ᵃ + c₂ f₂ᵇ
//! ```
//!
//! For `x₂ > 0` each loss has a narrow valley, where the other's gradient is small beside it and points across: the
//! mean gradient stops at its floor. Below lie two bowls, whose floors are the ends of the Pareto set. At the kinks
//! gradients are those of the upper branch, as PyTorch's `clamp` gives them.
//!
//! ```
//! use mtl_balance::toy;
//! let [first, second] = toy::losses(toy::MEAN_OPTIMUM);
//! assert!((first - second).abs() < 1e-3 && (first + 15.0916).abs() < 1e-3);
//! ```

use mtl_kernels::elementary::{exp_f64, log_f64};

/// The starts of CAGrad's authors; plain averaging sticks from the first and the third.
pub const STARTS: [[f64; 2]; 3] = [[-8.5, 7.5], [-8.5, -5.0], [9.0, 9.0]];
/// Where the mean of the losses is smallest.
pub const MEAN_OPTIMUM: [f64; 2] = [0.0, -8.3551];
/// The smallest argument of the logarithms.
const FLOOR: f64 = 5e-6;

/// A value with its derivatives by `x₁` and `x₂`.
type Dual = [f64; 3];

/// `L₁` and `L₂` at `x`.
pub fn losses(x: [f64; 2]) -> [f64; 2] {
    evaluate(x).map(|[value, ..]| value)
}

/// The gradients of `L₁` and `L₂` at `x`.
pub fn gradients(x: [f64; 2]) -> [[f64; 2]; 2] {
    evaluate(x).map(|[_, by_x1, by_x2]| [by_x1, by_x2])
}

/// The Pareto set from the floor of the second bowl to that of the first, `n >= 2` points.
pub fn pareto_set(n: usize) -> impl Iterator<Item = [f64; 2]> {
    (0..n).map(move |point| {
        let x1 = -7.0 + 14.0 * point as f64 / (n - 1) as f64;
        [x1, pareto_x2(x1)]
    })
}

/// On the Pareto set `λ ∇L₁ + (1 - λ) ∇L₂ = 0`, whose first part gives `λ = (x₁ / 7 + 1) / 2`; the second part is
/// solved for `x₂` by bisection.
fn pareto_x2(x1: f64) -> f64 {
    let share = 0.5 * (x1 / 7.0 + 1.0);
    let slope = |x2: f64| {
        let [first, second] = gradients([x1, x2]);
        share * first[1] + (1.0 - share) * second[1]
    };
    let (mut low, mut high) = (-10.0, -8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    0.5 * (low + high)
}

fn evaluate([x1, x2]: [f64; 2]) -> [Dual; 2] {
    let bend = tanh(-x2);
    let bend_slope = 1.0 - bend * bend;
    let valleys = [
        valley([0.5 * (-x1 - 7.0) - bend, -0.5, bend_slope]),
        valley([0.5 * (-x1 + 3.0) + bend + 2.0, -0.5, -bend_slope]),
    ];
    let bowl = |center: f64| -> Dual {
        let (along, across) = (x1 - center, x2 + 8.0);
        [
            (along * along + 0.1 * across * across) / 10.0 - 20.0,
            0.2 * along,
            0.02 * across,
        ]
    };
    let bowls = [bowl(7.0), bowl(-7.0)];
    let half = tanh(0.5 * x2);
    let half_slope = 0.5 * (1.0 - half * half);
    let upper = if half >= 0.0 {
        [half, 0.0, half_slope]
    } else {
        [0.0; 3]
    };
    let lower = if half <= 0.0 {
        [-half, 0.0, -half_slope]
    } else {
        [0.0; 3]
    };
    std::array::from_fn(|task| {
        let (a, b) = (product(upper, valleys[task]), product(lower, bowls[task]));
        std::array::from_fn(|part| a[part] + b[part])
    })
}

/// `log max(|u|, floor) + 6`.
fn valley([u, by_x1, by_x2]: Dual) -> Dual {
    if u.abs() >= FLOOR {
        [log_f64(u.abs()) + 6.0, by_x1 / u, by_x2 / u]
    } else {
        [log_f64(FLOOR) + 6.0, 0.0, 0.0]
    }
}

fn product(a: Dual, b: Dual) -> Dual {
    [a[0] * b[0], a[0] * b[1] + a[1] * b[0], a[0] * b[2] + a[2] * b[0]]
}

fn tanh(x: f64) -> f64 {
    1.0 - 2.0 / (exp_f64(2.0 * x) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_at_the_starts_of_the_papers() {
        for (x, expected) in [
            ([-8.5, 7.5], [6.552363, 7.900798]),
            ([-8.5, -5.0], [4.059918, -19.421502]),
            ([9.0, 9.0], [7.943949, 6.691495]),
            ([-7.5, -0.5], [0.388808, -4.754484]),
            ([9.0, -1.0], [-8.831059, 2.814293]),
            ([7.0, -8.3552], [-19.98933, -0.39855]),
            ([0.0, -8.3551], [-15.0916, -15.0916]),
        ] {
            for (found, expected) in losses(x).iter().zip(expected) {
                assert!((found - expected).abs() < 1e-4, "{x:?}: {found} {expected}");
            }
        }
        for gradient in gradients([0.0, 0.0]) {
            assert!(
                gradient[0] == 0.0 && (gradient[1] - 10.8564).abs() < 1e-4,
                "{gradient:?}"
            );
        }
    }

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let h = 1e-6;
        for x1 in [-9.3, -4.1, 0.7, 6.2] {
            for x2 in [-9.0, -2.2, 0.4, 3.1, 8.0] {
                let found = gradients([x1, x2]);
                for axis in 0..2 {
                    let at = |step: f64| {
                        let mut x = [x1, x2];
                        x[axis] += step;
                        losses(x)
                    };
                    let (ahead, behind) = (at(h), at(-h));
                    for task in 0..2 {
                        let expected = (ahead[task] - behind[task]) / (2.0 * h);
                        let error = (found[task][axis] - expected).abs();
                        assert!(error < 1e-6 * expected.abs().max(1.0), "{x1} {x2} {task} {axis}");
                    }
                }
            }
        }
    }

    #[test]
    fn gradients_are_opposed_on_the_pareto_set() {
        for x in pareto_set(29) {
            assert!((-8.44..-8.355).contains(&x[1]), "{x:?}");
            let [[a, b], [c, d]] = gradients(x);
            let (first, second) = ((a * a + b * b).sqrt(), (c * c + d * d).sqrt());
            if first > 1e-6 && second > 1e-6 {
                assert!(((a * c + b * d) / (first * second) + 1.0).abs() < 1e-6, "{x:?}");
            }
        }
        let ends: Vec<[f64; 2]> = pareto_set(2).collect();
        assert!(ends[0][0] == -7.0 && ends[1][0] == 7.0, "{ends:?}");
        let best = pareto_set(3).nth(1).unwrap();
        assert!((best[1] - MEAN_OPTIMUM[1]).abs() < 1e-4, "{best:?}");
    }
}
