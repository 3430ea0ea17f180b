//! The tasks' gradients as they lie in memory, their Gram matrix, and their weighted sum.

use std::ops::Range;

/// The Jacobian: the gradient of each task, one row after the other, of which only some columns are shared parameters.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// `n_tasks` rows of `stride` numbers.
    pub values: &'a [f32],
    /// Length of a row.
    pub stride: usize,
    /// The shared parameters' columns, in order and without overlap.
    pub columns: &'a [Range<usize>],
}

impl<'a> Rows<'a> {
    /// How many tasks.
    pub fn n_tasks(&self) -> usize {
        self.values.len().checked_div(self.stride).unwrap_or(0)
    }

    /// How many shared parameters.
    pub fn n_shared(&self) -> usize {
        self.columns.iter().map(|range| range.len()).sum()
    }

    /// Part of the gradient of a task.
    pub fn part(&self, task: usize, columns: &Range<usize>) -> &'a [f32] {
        let start = task * self.stride;
        &self.values[start + columns.start..start + columns.end]
    }

    /// Writes `G = J M Jᵀ` into `gram` (`n x n`, row-major). `metric` is the diagonal of `M`, one number for each of
    /// the `stride` columns; without it `M` is the identity. Sums are in `f64` and of a fixed order.
    pub fn gram(&self, metric: Option<&[f32]>, gram: &mut [f64]) {
        let n = self.n_tasks();
        for i in 0..n {
            for j in 0..=i {
                let mut sum = 0.0;
                for range in self.columns {
                    let (a, b) = (self.part(i, range), self.part(j, range));
                    sum += match metric {
                        None => dot(a, b),
                        Some(metric) => dot_weighted(a, b, &metric[range.clone()]),
                    };
                }
                gram[i * n + j] = sum;
                gram[j * n + i] = sum;
            }
        }
    }

    /// Writes `Jᵀ w` into the shared columns of `out`, a row's length; the others are left as they are.
    pub fn weighted_sum(&self, weights: &[f64], out: &mut [f32]) {
        for range in self.columns {
            let out = &mut out[range.clone()];
            out.fill(0.0);
            for (task, weight) in weights.iter().enumerate() {
                let weight = *weight as f32;
                // A task without a label may have no row worth reading.
                if weight != 0.0 {
                    for (sum, value) in out.iter_mut().zip(self.part(task, range)) {
                        *sum += weight * value;
                    }
                }
            }
        }
    }
}

/// Sums that are kept side by side, so that the compiler makes vectors of them.
const LANES: usize = 8;

/// Σ a b, exact products in `f64`.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]);
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += f64::from(*a) * f64::from(*b);
    }
    total(&sums)
}

/// Σ a b m.
fn dot_weighted(a: &[f32], b: &[f32], metric: &[f32]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let (m_chunks, m_rest) = metric.as_chunks::<LANES>();
    for ((a, b), m) in a_chunks.iter().zip(b_chunks).zip(m_chunks) {
        for lane in 0..LANES {
            sums[lane] += f64::from(a[lane]) * f64::from(b[lane]) * f64::from(m[lane]);
        }
    }
    for (lane, ((a, b), m)) in a_rest.iter().zip(b_rest).zip(m_rest).enumerate() {
        sums[lane] += f64::from(*a) * f64::from(*b) * f64::from(*m);
    }
    total(&sums)
}

fn total(sums: &[f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_over_parts_and_with_a_metric() {
        let values: Vec<f32> = (0..60).map(|index| ((index * 7) % 11) as f32 - 5.0).collect();
        let columns = [0..9, 11..30];
        let rows = Rows {
            values: &values,
            stride: 30,
            columns: &columns,
        };
        assert_eq!((rows.n_tasks(), rows.n_shared()), (2, 28));
        let metric: Vec<f32> = (0..30).map(|column| 1.0 + column as f32 * 0.25).collect();
        let is_shared = |column: usize| columns.iter().any(|range| range.contains(&column));
        for metric in [None, Some(&metric[..])] {
            let mut gram = [0.0; 4];
            rows.gram(metric, &mut gram);
            for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let expected: f64 = (0..30)
                    .filter(|column| is_shared(*column))
                    .map(|column| {
                        let weight = metric.map_or(1.0, |metric| f64::from(metric[column]));
                        f64::from(values[i * 30 + column]) * f64::from(values[j * 30 + column]) * weight
                    })
                    .sum();
                assert!((gram[i * 2 + j] - expected).abs() < 1e-9, "{i} {j}");
            }
        }
        let mut out = [7.0; 30];
        rows.weighted_sum(&[2.0, -1.0], &mut out);
        for column in 0..30 {
            let expected = if is_shared(column) {
                2.0 * values[column] - values[30 + column]
            } else {
                7.0
            };
            assert_eq!(out[column], expected, "{column}");
        }
    }
}
