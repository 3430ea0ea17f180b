//! Weight initialisation: Keras's initialisers, with the same fan rule.
//!
//! For a weight of shape `[…, a, b]` with receptive field r (the product of the leading axes, 1 for a matrix)
//! fan_in = a·r and fan_out = b·r; a vector of n has fan_in = fan_out = n.
//!
//! | initialiser | distribution | spread |
//! |---|---|---|
//! | Glorot uniform | U(−l, l) | l = √(6 / (fan_in + fan_out)) |
//! | Glorot normal | N(0, σ) truncated at 2σ | variance 2 / (fan_in + fan_out) |
//! | He uniform / normal | as above | l = √(6 / fan_in) / variance 2 / fan_in |
//! | LeCun uniform / normal | as above | l = √(3 / fan_in) / variance 1 / fan_in |
//! | uniform, normal, truncated normal | | ±0.05, σ = 0.05, σ = 0.05 |
//! | orthogonal | Q of a normal matrix's QR, diagonal of R positive | rows or columns orthonormal |
//!
//! ```
//! use mtl_program::initializers::Initializer;
//! use mtl_kernels::random::Random;
//! let mut kernel = vec![0.0; 64 * 32];
//! Initializer::GlorotUniform.fill(&[64, 32], &mut kernel, &mut Random::stream(1, "init/dense_1/kernel"));
//! assert!(kernel.iter().all(|w| w.abs() <= (6.0_f32 / 96.0).sqrt()));
//! ```

use mtl_kernels::random::Random;

mtl_base::choice! {
    /// Initialiser of a weight.
    pub enum Initializer {
        /// All 0.
        Zeros = "zeros", ["Zeros", "全零"];
        /// All 1.
        Ones = "ones", ["Ones", "全一"];
        /// Uniform in ±0.05.
        Uniform = "uniform", ["Uniform ±0.05", "均匀 ±0.05"];
        /// Normal with standard deviation 0.05.
        Normal = "normal", ["Normal 0.05", "正态 0.05"];
        /// Normal with standard deviation 0.05, values beyond two deviations redrawn.
        TruncatedNormal = "truncated_normal", ["Truncated normal 0.05", "截断正态 0.05"];
        /// Uniform, variance 2 / (fan_in + fan_out).
        GlorotUniform = "glorot_uniform", ["Glorot uniform", "Glorot 均匀"];
        /// Truncated normal, variance 2 / (fan_in + fan_out).
        GlorotNormal = "glorot_normal", ["Glorot normal", "Glorot 正态"];
        /// Uniform, variance 2 / fan_in.
        HeUniform = "he_uniform", ["He uniform", "He 均匀"];
        /// Truncated normal, variance 2 / fan_in.
        HeNormal = "he_normal", ["He normal", "He 正态"];
        /// Uniform, variance 1 / fan_in.
        LecunUniform = "lecun_uniform", ["LeCun uniform", "LeCun 均匀"];
        /// Truncated normal, variance 1 / fan_in.
        LecunNormal = "lecun_normal", ["LeCun normal", "LeCun 正态"];
        /// Orthonormal rows or columns, whichever are fewer.
        Orthogonal = "orthogonal", ["Orthogonal", "正交"];
    }
}

/// The share of a normal's standard deviation that is left after truncation at two deviations.
const TRUNCATED_DEVIATION: f64 = 0.879_625_661_034_239_8;

impl Initializer {
    /// Fills `values`, a weight of shape `shape` in row-major order.
    ///
    /// # Panics
    /// When `values` does not have the length that `shape` gives.
    pub fn fill(self, shape: &[usize], values: &mut [f32], random: &mut Random) {
        assert_eq!(
            values.len(),
            shape.iter().product::<usize>(),
            "length of a weight of shape {shape:?}"
        );
        let (fan_in, fan_out) = fans(shape);
        let fan_average = (fan_in + fan_out) / 2.0;
        match self {
            Self::Zeros => values.fill(0.0),
            Self::Ones => values.fill(1.0),
            Self::Uniform => uniform(values, 0.05, random),
            Self::Normal => values.fill_with(|| 0.05 * random.normal()),
            Self::TruncatedNormal => values.fill_with(|| 0.05 * random.truncated_normal()),
            Self::GlorotUniform => uniform(values, (3.0 / fan_average.max(1.0)).sqrt(), random),
            Self::GlorotNormal => truncated(values, 1.0 / fan_average.max(1.0), random),
            Self::HeUniform => uniform(values, (6.0 / fan_in.max(1.0)).sqrt(), random),
            Self::HeNormal => truncated(values, 2.0 / fan_in.max(1.0), random),
            Self::LecunUniform => uniform(values, (3.0 / fan_in.max(1.0)).sqrt(), random),
            Self::LecunNormal => truncated(values, 1.0 / fan_in.max(1.0), random),
            Self::Orthogonal => orthogonal(shape, values, random),
        }
    }
}

/// Keras's fan_in and fan_out of a weight.
fn fans(shape: &[usize]) -> (f64, f64) {
    match *shape {
        [] => (1.0, 1.0),
        [n] => (n as f64, n as f64),
        [ref field @ .., inputs, outputs] => {
            let field = field.iter().product::<usize>();
            ((inputs * field) as f64, (outputs * field) as f64)
        }
    }
}

fn uniform(values: &mut [f32], limit: f64, random: &mut Random) {
    let limit = limit as f32;
    values.fill_with(|| random.uniform_in(-limit, limit));
}

fn truncated(values: &mut [f32], variance: f64, random: &mut Random) {
    let deviation = (variance.sqrt() / TRUNCATED_DEVIATION) as f32;
    values.fill_with(|| deviation * random.truncated_normal());
}

/// Fills with Q of the QR decomposition of a normal matrix. Gram and Schmidt's process makes R's diagonal positive,
/// which is what Keras's `q * sign(diag(r))` does; every vector is orthogonalised twice against rounding.
fn orthogonal(shape: &[usize], values: &mut [f32], random: &mut Random) {
    let n_cols = shape.last().copied().unwrap_or(1);
    if values.is_empty() {
        return;
    }
    let n_rows = values.len() / n_cols;
    let length = n_rows.max(n_cols);
    let n_vectors = n_rows.min(n_cols);
    let mut basis: Vec<f64> = Vec::with_capacity(n_vectors * length);
    let mut candidate = vec![0.0; length];
    while basis.len() < n_vectors * length {
        candidate.fill_with(|| random.normal_f64());
        let drawn_norm = dot(&candidate, &candidate).sqrt();
        for _ in 0..2 {
            for vector in basis.chunks_exact(length) {
                let projection = dot(vector, &candidate);
                for (value, direction) in candidate.iter_mut().zip(vector) {
                    *value -= projection * direction;
                }
            }
        }
        let norm = dot(&candidate, &candidate).sqrt();
        // A draw inside the span of the earlier vectors (probability 0) is drawn again.
        if norm > 1e-9 * drawn_norm {
            basis.extend(candidate.iter().map(|value| value / norm));
        }
    }
    for row in 0..n_rows {
        for col in 0..n_cols {
            let value = if n_rows < n_cols {
                basis[row * length + col]
            } else {
                basis[col * length + row]
            };
            values[row * n_cols + col] = value as f32;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(initializer: Initializer, shape: &[usize]) -> Vec<f32> {
        let mut values = vec![f32::NAN; shape.iter().product()];
        initializer.fill(shape, &mut values, &mut Random::stream(11, initializer.key()));
        values
    }

    fn square(value: f64) -> f64 {
        value * value
    }

    fn check(initializer: Initializer, shape: &[usize], variance: f64, bound: f64) {
        let values = filled(initializer, shape);
        let n = values.len() as f64;
        let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / n;
        let measured = values.iter().map(|value| square(f64::from(*value))).sum::<f64>() / n;
        assert!(
            mean.abs() < 4.0 * (variance / n).sqrt(),
            "{initializer:?} mean {mean}"
        );
        assert!(
            (measured / variance - 1.0).abs() < 6.0 / n.sqrt(),
            "{initializer:?} variance {measured}, want {variance}"
        );
        let largest = values
            .iter()
            .fold(0.0_f32, |largest, value| largest.max(value.abs()));
        assert!(
            f64::from(largest) <= bound * 1.000_001,
            "{initializer:?} largest {largest}, bound {bound}"
        );
        assert!(
            f64::from(largest) > bound * 0.97,
            "{initializer:?} largest {largest} does not reach for {bound}"
        );
    }

    #[test]
    fn spreads_are_those_of_keras() {
        let shape = [120, 80];
        let uniform_bound = |variance: f64| (3.0 * variance).sqrt();
        let truncated_bound = |variance: f64| 2.0 * variance.sqrt() / TRUNCATED_DEVIATION;
        check(Initializer::Uniform, &shape, 0.05 * 0.05 / 3.0, 0.05);
        check(
            Initializer::TruncatedNormal,
            &shape,
            square(0.05 * TRUNCATED_DEVIATION),
            0.1,
        );
        check(Initializer::GlorotUniform, &shape, 0.01, uniform_bound(0.01));
        check(Initializer::GlorotNormal, &shape, 0.01, truncated_bound(0.01));
        check(
            Initializer::HeUniform,
            &shape,
            2.0 / 120.0,
            uniform_bound(2.0 / 120.0),
        );
        check(
            Initializer::HeNormal,
            &shape,
            2.0 / 120.0,
            truncated_bound(2.0 / 120.0),
        );
        check(
            Initializer::LecunUniform,
            &shape,
            1.0 / 120.0,
            uniform_bound(1.0 / 120.0),
        );
        check(
            Initializer::LecunNormal,
            &shape,
            1.0 / 120.0,
            truncated_bound(1.0 / 120.0),
        );
    }

    #[test]
    fn normal_is_not_truncated() {
        let values = filled(Initializer::Normal, &[100, 100]);
        let variance = values.iter().map(|value| square(f64::from(*value))).sum::<f64>() / 1e4;
        assert!((variance / 0.0025 - 1.0).abs() < 0.06, "{variance}");
        assert!(values.iter().any(|value| value.abs() > 0.1));
    }

    #[test]
    fn fan_rule_is_that_of_keras() {
        assert_eq!(fans(&[]), (1.0, 1.0));
        assert_eq!(fans(&[7]), (7.0, 7.0));
        assert_eq!(fans(&[3, 5]), (3.0, 5.0));
        assert_eq!(fans(&[2, 3, 4, 5]), (24.0, 30.0));
    }

    #[test]
    fn orthogonal_vectors_are_orthonormal() {
        for shape in [[8, 32], [32, 8], [16, 16], [1, 5], [5, 1]] {
            let values = filled(Initializer::Orthogonal, &shape);
            let [rows, cols] = shape;
            let vector = |index: usize| -> Vec<f64> {
                if rows < cols {
                    (0..cols)
                        .map(|col| f64::from(values[index * cols + col]))
                        .collect()
                } else {
                    (0..rows)
                        .map(|row| f64::from(values[row * cols + index]))
                        .collect()
                }
            };
            for a in 0..rows.min(cols) {
                for b in 0..=a {
                    let expected = if a == b { 1.0 } else { 0.0 };
                    let product = dot(&vector(a), &vector(b));
                    assert!(
                        (product - expected).abs() < 1e-6,
                        "{shape:?}: vectors {a} and {b} give {product}"
                    );
                }
            }
        }
    }

    #[test]
    fn constants_and_repeatability() {
        assert_eq!(filled(Initializer::Zeros, &[3]), [0.0; 3]);
        assert_eq!(filled(Initializer::Ones, &[3]), [1.0; 3]);
        assert_eq!(
            filled(Initializer::HeNormal, &[4, 4]),
            filled(Initializer::HeNormal, &[4, 4])
        );
    }
}
