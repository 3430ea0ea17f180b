//! Small problems over `n` tasks, in `f64` and in memory that the caller brings.

pub mod affinity;
pub mod conic;
pub mod eigen;
pub mod linear;
pub mod newton;
pub mod quadratic;

/// `out = A x` for a symmetric `n x n` matrix.
pub fn product(matrix: &[f64], x: &[f64], out: &mut [f64]) {
    let n = x.len();
    for (row, sum) in out.iter_mut().take(n).enumerate() {
        *sum = dot(&matrix[row * n..(row + 1) * n], x);
    }
}

/// Σ a b, from the first to the last.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// xᵀ A x, not below 0.
pub fn square_norm(matrix: &[f64], x: &[f64]) -> f64 {
    let n = x.len();
    let sum: f64 = x
        .iter()
        .enumerate()
        .map(|(row, value)| value * dot(&matrix[row * n..(row + 1) * n], x))
        .sum();
    sum.max(0.0)
}
