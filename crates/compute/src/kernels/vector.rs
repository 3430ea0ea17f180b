//! Loops over slices of `f32`: element by element, row by row, and reductions in a fixed order.
//!
//! # The order of a reduction
//!
//! A sum has eight lanes: lane `l` adds the elements `l`, `l + 8`, `l + 16`, ... one after another, starting at 0;
//! then the lanes are added as `((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7))`. That is what two registers of four or
//! one of eight do anyway, so it costs nothing, and the result has the same bits on every machine. (It is also more
//! accurate than one chain.) [`sum`], [`dot`], [`sum_of_squares`], and with them [`softmax_rows`] and its relatives,
//! are such sums; [`add_column_sums`] goes from the first row to the last.
//!
//! Functions on rows take the number of `columns`; a slice holds `len / columns` rows. All panic when lengths do not
//! agree.
//!
//! ```
//! use mtl_compute::kernels::vector::{add_column_sums, dot, softmax_rows};
//! assert_eq!(dot(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), 32.0);
//!
//! let mut probabilities = [0.0; 4];
//! softmax_rows(&mut probabilities, &[1000.0, 1000.0, -1000.0, 1000.0], 2); // two rows of two
//! assert_eq!(probabilities, [0.5, 0.5, 0.0, 1.0]);
//!
//! let mut gradient_of_bias = [0.0; 2];
//! add_column_sums(&mut gradient_of_bias, &[1.0, 2.0, 3.0, 4.0]);
//! assert_eq!(gradient_of_bias, [4.0, 6.0]);
//! ```

use super::elementary::{exp, log};
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

/// `x[i] = exp(x[i] - shift)`; returns their sum in eight lanes.
#[inline(always)]
fn exp_shifted(x: &mut [f32], shift: f32) -> f32 {
    for v in x.iter_mut() {
        *v = exp(*v - shift);
    }
    reduce(x, x, |v, _| v)
}

#[inline(always)]
fn softmax(row: &mut [f32]) {
    let shift = largest(row);
    let sum = exp_shifted(row, shift);
    for v in row {
        *v /= sum;
    }
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

    /// The largest element, -inf for an empty slice. NaN elements are passed over.
    pub fn max(x: &[f32]) -> f32 {
        largest(x)
    }

    /// `y[i] += alpha * x[i]`.
    pub fn axpy(y: &mut [f32], alpha: f32, x: &[f32]) {
        same_length(y.len(), x.len());
        for (y, &x) in y.iter_mut().zip(x) {
            *y += alpha * x;
        }
    }

    /// `x[i] *= alpha`.
    pub fn scale(x: &mut [f32], alpha: f32) {
        for x in x {
            *x *= alpha;
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

    /// `dst[i] = a[i] * b[i]`.
    pub fn mul(dst: &mut [f32], a: &[f32], b: &[f32]) {
        same_length(dst.len(), a.len());
        same_length(dst.len(), b.len());
        for ((dst, &a), &b) in dst.iter_mut().zip(a).zip(b) {
            *dst = a * b;
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

    /// `x[i, j] += bias[j]` for every row `i`.
    pub fn add_bias(x: &mut [f32], bias: &[f32]) {
        whole_rows(x.len(), bias.len());
        for row in x.chunks_exact_mut(bias.len()) {
            for (x, &bias) in row.iter_mut().zip(bias) {
                *x += bias;
            }
        }
    }

    /// `sums[j] += x[i, j]` for `i = 0, 1, ...`: the gradient of a bias.
    pub fn add_column_sums(sums: &mut [f32], x: &[f32]) {
        whole_rows(x.len(), sums.len());
        for row in x.chunks_exact(sums.len()) {
            for (sum, &x) in sums.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }

    /// Gradient of [`super::elementary::relu`]: `dx[i] = dy[i]` where the output `y[i]` is positive, else 0.
    pub fn relu_gradient(dx: &mut [f32], dy: &[f32], y: &[f32]) {
        same_length(dx.len(), dy.len());
        same_length(dx.len(), y.len());
        for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
            *dx = if y > 0.0 { dy } else { 0.0 };
        }
    }

    /// Row by row `dst[j] = exp(src[j] - max) / sum of exp(src - max)`: no overflow for any finite row.
    pub fn softmax_rows(dst: &mut [f32], src: &[f32], columns: usize) {
        same_length(dst.len(), src.len());
        whole_rows(dst.len(), columns);
        dst.copy_from_slice(src);
        for row in dst.chunks_exact_mut(columns) {
            softmax(row);
        }
    }

    /// [`softmax_rows`] in place.
    pub fn softmax_rows_in_place(x: &mut [f32], columns: usize) {
        whole_rows(x.len(), columns);
        for row in x.chunks_exact_mut(columns) {
            softmax(row);
        }
    }

    /// Gradient of [`softmax_rows`] with output `y`, row by row `dx[j] = y[j] * (dy[j] - dot(dy, y))`.
    pub fn softmax_rows_gradient(dx: &mut [f32], dy: &[f32], y: &[f32], columns: usize) {
        same_length(dx.len(), dy.len());
        same_length(dx.len(), y.len());
        whole_rows(dx.len(), columns);
        let rows = dy.chunks_exact(columns).zip(y.chunks_exact(columns));
        for (dx, (dy, y)) in dx.chunks_exact_mut(columns).zip(rows) {
            let mean = reduce(dy, y, |dy, y| dy * y);
            for ((dx, &dy), &y) in dx.iter_mut().zip(dy).zip(y) {
                *dx = y * (dy - mean);
            }
        }
    }

    /// Row by row `dst[i] = log(sum of exp(src[i, j]))`, as `max + log(sum of exp(src - max))`.
    ///
    /// `scratch` holds the exponentials of one row. A row of -inf gives -inf, one with +inf gives +inf.
    pub fn log_sum_exp_rows(dst: &mut [f32], src: &[f32], scratch: &mut [f32]) {
        let columns = scratch.len();
        whole_rows(src.len(), columns);
        same_length(dst.len(), src.len() / columns);
        for (dst, row) in dst.iter_mut().zip(src.chunks_exact(columns)) {
            let shift = largest(row);
            scratch.copy_from_slice(row);
            let finite = shift.abs() < f32::INFINITY;
            let sum = exp_shifted(scratch, if finite { shift } else { 0.0 });
            *dst = if finite { shift + log(sum) } else { log(sum) };
        }
    }
}
