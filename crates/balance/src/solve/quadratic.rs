//! Quadratic programs over non-negative numbers, with or without a fixed sum, by an active-set method.
//!
//! `min ½ xᵀA x + bᵀx` subject to `x >= 0` and, on the simplex, `Σ x = 1`. `A` is positive semi-definite; a ridge,
//! relative to the mean of its diagonal, makes the solution unique and the systems regular, which divides equal
//! gradients equally; its effect is taken out again at the end where the matrix is regular. As in Lawson and Hanson's
//! NNLS one variable after the other becomes free, each time the equality problem of the free ones is solved exactly,
//! and one that would become negative is fixed at 0 again. The result fulfils the optimality conditions to
//! [`TOLERANCE`], relative.

use super::linear;

/// The ridge where nothing speaks for another.
pub const RIDGE: f64 = 1e-10;
/// Of the optimality conditions, relative to the largest entry of the problem.
pub const TOLERANCE: f64 = 1e-12;

/// Working memory for `n` variables.
pub struct Workspace<'a> {
    /// `(n + 1)²` numbers.
    pub system: &'a mut [f64],
    /// `n + 1` numbers.
    pub solution: &'a mut [f64],
    /// `n` numbers.
    pub slopes: &'a mut [f64],
    /// The free variables; room for `n` is reserved.
    pub free: &'a mut Vec<usize>,
}

/// What the variables add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Constraint {
    /// `x >= 0`.
    NonNegative,
    /// `x >= 0` and `Σ x = 1`.
    Simplex,
}

/// Writes the solution into `x`.
pub fn minimize(
    matrix: &[f64],
    linear_term: &[f64],
    constraint: Constraint,
    ridge: f64,
    x: &mut [f64],
    work: Workspace<'_>,
) {
    let n = x.len();
    let Workspace {
        system,
        solution,
        slopes,
        free,
    } = work;
    let mean = (0..n).map(|i| matrix[i * n + i]).sum::<f64>() / n as f64;
    let ridge = ridge * mean;
    let entry = |i: usize, j: usize| matrix[i * n + j] + if i == j { ridge } else { 0.0 };
    let largest = matrix[..n * n]
        .iter()
        .chain(linear_term)
        .fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let tolerance = TOLERANCE * largest;

    free.clear();
    x.fill(0.0);
    if constraint == Constraint::Simplex {
        // The best corner.
        let value = |i: usize| 0.5 * entry(i, i) + linear_term[i];
        let best = (1..n).fold(0, |best, i| if value(i) < value(best) { i } else { best });
        x[best] = 1.0;
        free.push(best);
    }
    // Every turn lowers the objective; the ceiling is for rounding alone.
    for _ in 0..16 * (n + 1) {
        // Slopes Ax + b; on the simplex those of free variables are all the same.
        let slope = |x: &[f64], i: usize| (0..n).map(|j| entry(i, j) * x[j]).sum::<f64>() + linear_term[i];
        let level = match constraint {
            Constraint::NonNegative => 0.0,
            Constraint::Simplex => free.iter().map(|i| slope(x, *i)).sum::<f64>() / free.len().max(1) as f64,
        };
        let mut entering = None;
        let mut steepest = -tolerance;
        for i in (0..n).filter(|i| !free.contains(i)) {
            let excess = slope(x, i) - level;
            if excess < steepest {
                steepest = excess;
                entering = Some(i);
            }
        }
        let Some(entering) = entering else {
            // Without the ridge, as far as the matrix is regular: the solution's own slopes are what is left to be
            // solved.
            for _ in 0..2 {
                for (i, slope) in slopes.iter_mut().take(n).enumerate() {
                    *slope = (0..n).map(|j| matrix[i * n + j] * x[j]).sum::<f64>() + linear_term[i];
                }
                if !solve_free(&entry, slopes, constraint, 0.0, free, system, solution) {
                    return;
                }
                let mut steps = free.iter().zip(solution.iter());
                if !steps.clone().all(|(i, step)| x[*i] + step > 0.0) {
                    return;
                }
                steps.by_ref().for_each(|(i, step)| x[*i] += step);
            }
            return;
        };
        free.push(entering);
        loop {
            if !solve_free(&entry, linear_term, constraint, 1.0, free, system, solution) {
                return;
            }
            // The longest step towards the solution that keeps all of them non-negative.
            let mut length = 1.0;
            for (position, i) in free.iter().enumerate() {
                if solution[position] <= 0.0 {
                    let distance = x[*i] - solution[position];
                    let reach = if distance > 0.0 { x[*i] / distance } else { 0.0 };
                    length = reach.min(length);
                }
            }
            let is_whole = free
                .iter()
                .enumerate()
                .all(|(position, _)| solution[position] > 0.0);
            for (position, i) in free.iter().enumerate() {
                x[*i] = if is_whole {
                    solution[position]
                } else {
                    x[*i] + length * (solution[position] - x[*i])
                };
            }
            if is_whole {
                break;
            }
            // At least the one that stopped the step leaves.
            let mut position = 0;
            let mut smallest = f64::INFINITY;
            let mut leaving = 0;
            while position < free.len() {
                if solution[position] <= 0.0 && x[free[position]] < smallest {
                    smallest = x[free[position]];
                    leaving = position;
                }
                position += 1;
            }
            x[free[leaving]] = 0.0;
            free.remove(leaving);
            if free.is_empty() {
                break;
            }
        }
    }
}

/// Solves the problem of the free variables without their signs, on the simplex with the given sum; false where the
/// system is singular.
fn solve_free(
    entry: &impl Fn(usize, usize) -> f64,
    linear_term: &[f64],
    constraint: Constraint,
    sum: f64,
    free: &[usize],
    system: &mut [f64],
    solution: &mut [f64],
) -> bool {
    let n_free = free.len();
    let side = n_free + usize::from(constraint == Constraint::Simplex);
    for (row, i) in free.iter().enumerate() {
        for (column, j) in free.iter().enumerate() {
            system[row * side + column] = entry(*i, *j);
        }
        solution[row] = -linear_term[*i];
    }
    if constraint == Constraint::Simplex {
        for k in 0..n_free {
            system[k * side + n_free] = 1.0;
            system[n_free * side + k] = 1.0;
        }
        system[n_free * side + n_free] = 0.0;
        solution[n_free] = sum;
    }
    linear::solve(&mut system[..side * side], &mut solution[..side])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solve::product;
    use mtl_kernels::random::Random;

    fn solve(matrix: &[f64], linear_term: &[f64], constraint: Constraint) -> Vec<f64> {
        let n = linear_term.len();
        let mut x = vec![0.0; n];
        let work = Workspace {
            system: &mut vec![0.0; (n + 1) * (n + 1)],
            solution: &mut vec![0.0; n + 1],
            slopes: &mut vec![0.0; n],
            free: &mut Vec::new(),
        };
        minimize(matrix, linear_term, constraint, RIDGE, &mut x, work);
        x
    }

    /// Checks the conditions that are necessary and sufficient for an optimum.
    fn check(matrix: &[f64], linear_term: &[f64], constraint: Constraint) {
        let x = solve(matrix, linear_term, constraint);
        let n = x.len();
        let mut slope = vec![0.0; n];
        product(matrix, &x, &mut slope);
        for (slope, b) in slope.iter_mut().zip(linear_term) {
            *slope += b;
        }
        let size = matrix
            .iter()
            .chain(linear_term)
            .fold(1.0_f64, |a, b| a.max(b.abs()));
        let level = match constraint {
            Constraint::NonNegative => 0.0,
            Constraint::Simplex => {
                assert!((x.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{x:?}");
                slope.iter().copied().fold(f64::INFINITY, f64::min)
            }
        };
        for (value, slope) in x.iter().zip(&slope) {
            assert!(*value >= 0.0 && value.is_finite(), "{x:?}");
            assert!(slope - level >= -1e-8 * size, "{x:?} {slope} {level}");
            assert!(value * (slope - level) < 1e-8 * size, "{x:?} {slope} {level}");
        }
    }

    #[test]
    fn optimality_conditions_hold_for_random_problems_of_any_rank() {
        let mut random = Random::new(1);
        for n in 1..=10 {
            for rank in 1..=n {
                for _ in 0..20 {
                    let rows: Vec<f64> = (0..n * rank).map(|_| random.normal_f64()).collect();
                    let mut matrix = vec![0.0; n * n];
                    for i in 0..n {
                        for j in 0..n {
                            matrix[i * n + j] =
                                (0..rank).map(|k| rows[i * rank + k] * rows[j * rank + k]).sum();
                        }
                    }
                    let zero = vec![0.0; n];
                    check(&matrix, &zero, Constraint::Simplex);
                    let linear_term: Vec<f64> = (0..n).map(|_| random.normal_f64()).collect();
                    check(&matrix, &linear_term, Constraint::Simplex);
                    // Bounded below only where the linear term lies in the range of the matrix.
                    let mut in_range = vec![0.0; n];
                    product(&matrix, &linear_term, &mut in_range);
                    check(&matrix, &in_range, Constraint::NonNegative);
                }
            }
        }
    }

    #[test]
    fn equal_variables_share() {
        let x = solve(&[1.0; 9], &[0.0; 3], Constraint::Simplex);
        assert!(x.iter().all(|value| (value - 1.0 / 3.0).abs() < 1e-5), "{x:?}");
    }
}
