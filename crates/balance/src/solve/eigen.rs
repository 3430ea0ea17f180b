//! Eigenvalues and eigenvectors of a symmetric matrix, by Jacobi's cyclic rotations.

/// The most sweeps; a matrix of ten tasks takes about six.
const MAX_SWEEPS: usize = 50;

/// Diagonalises the symmetric `n x n` matrix `a` in place: its diagonal becomes the eigenvalues, in no order, and
/// column `k` of `vectors` the unit eigenvector of eigenvalue `k`. Rotations stop where nothing off the diagonal is
/// left to rounding.
pub fn decompose(a: &mut [f64], vectors: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..n {
            vectors[i * n + j] = if i == j { 1.0 } else { 0.0 };
        }
    }
    for _ in 0..MAX_SWEEPS {
        let mut is_diagonal = true;
        for p in 0..n {
            for q in p + 1..n {
                let off = a[p * n + q];
                // What is lost against both diagonal entries is 0.
                if off.abs() <= f64::EPSILON * 1e-3 * (a[p * n + p].abs() * a[q * n + q].abs()).sqrt()
                    || off == 0.0
                {
                    continue;
                }
                is_diagonal = false;
                let theta = (a[q * n + q] - a[p * n + p]) / (2.0 * off);
                // The smaller root of t² + 2 theta t - 1 = 0; for a huge theta the square overflows to infinity, and
                // t is 0.
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                a[p * n + p] -= t * off;
                a[q * n + q] += t * off;
                a[p * n + q] = 0.0;
                a[q * n + p] = 0.0;
                for k in 0..n {
                    if k != p && k != q {
                        let (kp, kq) = (a[k * n + p], a[k * n + q]);
                        a[k * n + p] = c * kp - s * kq;
                        a[p * n + k] = a[k * n + p];
                        a[k * n + q] = s * kp + c * kq;
                        a[q * n + k] = a[k * n + q];
                    }
                    let (vp, vq) = (vectors[k * n + p], vectors[k * n + q]);
                    vectors[k * n + p] = c * vp - s * vq;
                    vectors[k * n + q] = s * vp + c * vq;
                }
            }
        }
        if is_diagonal {
            return;
        }
    }
}

/// An eigenvalue of a Gram matrix that is this much smaller than the largest counts as 0: the singular value of the
/// gradients is its root, and they are known to about 1e-7.
pub const RANK_TOLERANCE: f64 = 1e-12;

/// Writes `A⁺ b` into `out`, for a symmetric positive semi-definite `A`, which is destroyed. Eigenvalues below
/// `tolerance` times the largest count as 0.
pub fn pseudo_inverse(a: &mut [f64], vectors: &mut [f64], b: &[f64], tolerance: f64, out: &mut [f64]) {
    let n = b.len();
    decompose(a, vectors, n);
    let largest = (0..n).fold(0.0_f64, |largest, k| largest.max(a[k * n + k]));
    out[..n].fill(0.0);
    for k in 0..n {
        let value = a[k * n + k];
        if value > tolerance * largest {
            let part: f64 = (0..n).map(|i| vectors[i * n + k] * b[i]).sum::<f64>() / value;
            for i in 0..n {
                out[i] += part * vectors[i * n + k];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtl_kernels::random::Random;

    #[test]
    fn vectors_are_orthonormal_and_rebuild_the_matrix() {
        let mut random = Random::new(2);
        for n in 1..=10_usize {
            for rank in [1, n.div_ceil(2), n] {
                let rows: Vec<f64> = (0..n * rank).map(|_| random.normal_f64()).collect();
                let entry = |i: usize, j: usize| -> f64 {
                    (0..rank).map(|k| rows[i * rank + k] * rows[j * rank + k]).sum()
                };
                let matrix: Vec<f64> = (0..n * n).map(|index| entry(index / n, index % n)).collect();
                let (mut a, mut vectors) = (matrix.clone(), vec![0.0; n * n]);
                decompose(&mut a, &mut vectors, n);
                for i in 0..n {
                    for j in 0..n {
                        let rebuilt: f64 = (0..n)
                            .map(|k| vectors[i * n + k] * a[k * n + k] * vectors[j * n + k])
                            .sum();
                        assert!((rebuilt - matrix[i * n + j]).abs() < 1e-12 * n as f64 * 10.0);
                        let product: f64 = (0..n).map(|k| vectors[k * n + i] * vectors[k * n + j]).sum();
                        let expected = if i == j { 1.0 } else { 0.0 };
                        assert!((product - expected).abs() < 1e-13 * 10.0, "{product}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_pseudo_inverse_ignores_what_is_not_in_the_range() {
        let mut out = [0.0; 2];
        pseudo_inverse(
            &mut [2.0, 2.0, 2.0, 2.0],
            &mut [0.0; 4],
            &[3.0, 1.0],
            1e-12,
            &mut out,
        );
        for value in out {
            assert!((value - 0.5).abs() < 1e-15, "{out:?}");
        }
    }
}
