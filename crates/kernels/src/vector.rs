//! Loops over slices of `f32`: element by element, row by row, and reductions in a fixed order.
//!
//! # The order of a reduction
//!
//! A sum has eight lanes: lane `l` adds the elements `l`, `l + 8`, `l + 16`, ... one after another, starting at 0;
//! then the lanes are added as `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`. That is what two registers of four or
//! one of eight do anyway, so it costs nothing, and the result has the same bits on every machine. (It is also more
//! accurate than one chain.) [`sum`], [`dot`], [`sum_of_squares`] and the sum in [`softmax`] are such sums;
//! [`add_column_sums`] goes from the first row to the last. All panic when lengths do not agree.
//!
//! ```
//! use mtl_kernels::vector::{add_column_sums, dot, softmax};
//! assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
//!
//! let mut probabilities = [0.0; 2];
//! let log_sum_exp = softmax(&mut probabilities, &[1000.0, 1000.0]);
//! assert_eq!(probabilities, [0.5, 0.5]);
//! assert_eq!(log_sum_exp, 1000.0 + 2.0_f32.ln());
//!
//! let mut gradient_of_bias = [0.0; 2];
//! add_column_sums(&mut gradient_of_bias, &[1.0, 2.0, 3.0, 4.0]);
//! assert_eq!(gradient_of_bias, [4.0, 6.0]);
//! ```

use super::elementary::{functions, log};
use super::multiversion;

/// Lanes of a reduction.
const LANES: usize = 8;

#[inline(always)]
fn combine(lanes: [f32; LANES]) -> f32 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Sum of `term(a[i], b[i])` in eight lanes.
#[inline(always)]
fn reduce(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for i in 0..LANES {
            lanes[i] += term(a[i], b[i]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += term(a, b);
    }
    combine(lanes)
}

/// The largest element, -inf for none; a NaN is passed over.
#[inline(always)]
fn largest(x: &[f32]) -> f32 {
    let (blocks, rest) = x.as_chunks::<LANES>();
    let mut lanes = [f32::NEG_INFINITY; LANES];
    for block in blocks {
        for (lane, &v) in lanes.iter_mut().zip(block) {
            *lane = if v > *lane { v } else { *lane };
        }
    }
    lanes
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |m, &v| if v > m { v } else { m })
}

/// `y[i] = exp(x[i] - shift)`; returns their sum in eight lanes.
#[inline(always)]
fn exp_shifted(y: &mut [f32], x: &[f32], shift: f32) -> f32 {
    let f = functions();
    let (y_blocks, y_rest) = y.as_chunks_mut::<LANES>();
    let (x_blocks, x_rest) = x.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (y, x) in y_blocks.iter_mut().zip(x_blocks) {
        for i in 0..LANES {
            y[i] = f.exp(x[i] - shift);
            lanes[i] += y[i];
        }
    }
    for ((lane, y), &x) in lanes.iter_mut().zip(y_rest).zip(x_rest) {
        *y = f.exp(x - shift);
        *lane += *y;
    }
    combine(lanes)
}

#[track_caller]
#[inline(always)]
fn same_length(a: usize, b: usize) {
    assert!(
        a == b,
        "slices of {a} and {b} numbers, where the lengths must agree"
    );
}

#[track_caller]
#[inline(always)]
fn whole_rows(len: usize, columns: usize) {
    assert!(
        columns > 0 && len.is_multiple_of(columns),
        "{len} numbers are not a whole number of rows of {columns}"
    );
}

multiversion! {
    /// Sum of all elements.
    pub fn sum(x: &[f32]) -> f32 {
        reduce(x, x, |v, _| v)
    }

    /// Sum of all squares.
    pub fn sum_of_squares(x: &[f32]) -> f32 {
        reduce(x, x, |v, _| v * v)
    }

    /// Sum of `a[i] * b[i]`.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 {
        same_length(a.len(), b.len());
        reduce(a, b, |a, b| a * b)
    }

    /// Whether no element is infinite or NaN.
    pub fn all_finite(x: &[f32]) -> bool {
        // 0 times a finite number is 0, and NaN otherwise.
        reduce(x, x, |x, _| x * 0.0) == 0.0
    }

    /// `y[i] += alpha * x[i]`.
    pub fn axpy(y: &mut [f32], alpha: f32, x: &[f32]) {
        same_length(y.len(), x.len());
        for (y, &x) in y.iter_mut().zip(x) {
            *y += alpha * x;
        }
    }

    /// `dst[i] = a[i] + b[i]`.
    pub fn add(dst: &mut [f32], a: &[f32], b: &[f32]) {
        same_length(dst.len(), a.len());
        same_length(dst.len(), b.len());
        for ((dst, &a), &b) in dst.iter_mut().zip(a).zip(b) {
            *dst = a + b;
        }
    }

    /// `y[i] += x[i]`.
    pub fn add_assign(y: &mut [f32], x: &[f32]) {
        same_length(y.len(), x.len());
        for (y, &x) in y.iter_mut().zip(x) {
            *y += x;
        }
    }

    /// `y[i] *= x[i]`.
    pub fn mul_assign(y: &mut [f32], x: &[f32]) {
        same_length(y.len(), x.len());
        for (y, &x) in y.iter_mut().zip(x) {
            *y *= x;
        }
    }

    /// `y[i] += a[i] * b[i]`.
    pub fn add_product(y: &mut [f32], a: &[f32], b: &[f32]) {
        same_length(y.len(), a.len());
        same_length(y.len(), b.len());
        for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
            *y += a * b;
        }
    }

    /// `sums[j] += x[i, j]` for `i = 0, 1, ...`: the gradient of a bias.
    pub fn add_column_sums(sums: &mut [f32], x: &[f32]) {
        whole_rows(x.len(), sums.len());
        let columns = sums.len();
        // Four rows at a time, so that the sums are read and written a quarter as often.
        let mut rows = x.chunks_exact(4 * columns);
        for four in &mut rows {
            let (a, rest) = four.split_at(columns);
            let (b, rest) = rest.split_at(columns);
            let (c, d) = rest.split_at(columns);
            for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *sum = *sum + a + b + c + d;
            }
        }
        for row in rows.remainder().chunks_exact(columns) {
            for (sum, x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }

    /// `y[j] = exp(x[j] - max) / sum of exp(x - max)`, without overflow for any finite `x`; returns the logarithm of
    /// `sum of exp(x)`.
    pub fn softmax(y: &mut [f32], x: &[f32]) -> f32 {
        same_length(y.len(), x.len());
        let shift = largest(x);
        let sum = exp_shifted(y, x, shift);
        let scale = 1.0 / sum;
        for y in y.iter_mut() {
            *y *= scale;
        }
        shift + log(sum)
    }

    /// Replaces scores by the softmax of `scale * scores` over those whose mask is not 0, and by 0 where it is; an empty
    /// mask lets all count. All 0 when none counts.
    pub fn masked_softmax(scores: &mut [f32], mask: &[f32], scale: f32) {
        for score in scores.iter_mut() {
            *score *= scale;
        }
        if !mask.is_empty() {
            same_length(scores.len(), mask.len());
            for (score, mask) in scores.iter_mut().zip(mask) {
                *score = if *mask == 0.0 { f32::NEG_INFINITY } else { *score };
            }
        }
        let shift = largest(scores);
        if shift == f32::NEG_INFINITY {
            scores.fill(0.0);
            return;
        }
        let f = functions();
        for score in scores.iter_mut() {
            *score = f.exp(*score - shift);
        }
        let scale = 1.0 / reduce(scores, scores, |score, _| score);
        for score in scores.iter_mut() {
            *score *= scale;
        }
    }

    /// Replaces the gradient of a softmax `p` of `scale * x` by that of `x`: `p[j] (dp[j] - dot(dp, p)) scale`.
    pub fn softmax_gradient(gradient: &mut [f32], p: &[f32], scale: f32) {
        same_length(gradient.len(), p.len());
        let mean = reduce(gradient, p, |gradient, p| gradient * p);
        for (gradient, p) in gradient.iter_mut().zip(p) {
            *gradient = p * (*gradient - mean) * scale;
        }
    }
}
