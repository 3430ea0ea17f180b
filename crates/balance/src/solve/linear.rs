//! A system of linear equations, by Gaussian elimination with partial pivoting.

/// Solves `A x = b` in place: `a` (`n x n`, row-major) is destroyed and `b` becomes `x`. False where the matrix is
/// singular to rounding; `b` is then without meaning.
pub fn solve(a: &mut [f64], b: &mut [f64]) -> bool {
    let n = b.len();
    for column in 0..n {
        let mut pivot = column;
        for row in column + 1..n {
            if a[row * n + column].abs() > a[pivot * n + column].abs() {
                pivot = row;
            }
        }
        let size = a[pivot * n + column];
        // Not `size == 0.0`: a NaN must not pass.
        if !(size.abs() > 0.0 && size.is_finite()) {
            return false;
        }
        if pivot != column {
            for k in 0..n {
                a.swap(pivot * n + k, column * n + k);
            }
            b.swap(pivot, column);
        }
        for row in column + 1..n {
            let factor = a[row * n + column] / size;
            if factor != 0.0 {
                for k in column..n {
                    a[row * n + k] -= factor * a[column * n + k];
                }
                b[row] -= factor * b[column];
            }
        }
    }
    for row in (0..n).rev() {
        let mut sum = b[row];
        for k in row + 1..n {
            sum -= a[row * n + k] * b[k];
        }
        b[row] = sum / a[row * n + row];
    }
    b.iter().all(|value| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_with_a_zero_pivot_and_a_singular_one() {
        let mut a = [0.0, 2.0, 1.0, 1.0, -1.0, 0.0, 3.0, 0.0, 1.0];
        let mut b = [7.0, -1.0, 6.0];
        assert!(solve(&mut a, &mut b));
        for (value, expected) in b.iter().zip([1.0, 2.0, 3.0]) {
            assert!((value - expected).abs() < 1e-14, "{b:?}");
        }
        assert!(!solve(&mut [1.0, 2.0, 2.0, 4.0], &mut [1.0, 1.0]));
    }
}
