//! The loops over slices against their definitions, bit for bit.
#![allow(
    clippy::disallowed_methods,
    reason = "the platform's f64 functions are the reference here"
)]

use mtl_compute::kernels::{elementary, vector};

fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 2_097_152.0 - 4.0
        })
        .collect()
}

/// The documented order, written down once more.
fn eight_lanes(terms: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 8];
    for (i, term) in terms.iter().enumerate() {
        lanes[i % 8] += term;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

#[track_caller]
fn same(got: &[f32], want: impl IntoIterator<Item = f32>) {
    let want: Vec<f32> = want.into_iter().collect();
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(&want).enumerate() {
        assert!(
            g.to_bits() == w.to_bits() || g.is_nan() && w.is_nan(),
            "element {i}: {g} instead of {w}"
        );
    }
}

#[test]
fn reductions_follow_the_documented_order() {
    for len in 0..100 {
        let (a, b) = (numbers(len, 1), numbers(len, 2));
        let products: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a * b).collect();
        let squares: Vec<f32> = a.iter().map(|a| a * a).collect();
        same(&[vector::sum(&a)], [eight_lanes(&a)]);
        same(&[vector::dot(&a, &b)], [eight_lanes(&products)]);
        same(&[vector::sum_of_squares(&a)], [eight_lanes(&squares)]);
        same(
            &[vector::max(&a)],
            [a.iter().copied().fold(f32::NEG_INFINITY, f32::max)],
        );
        let exact: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        assert!((f64::from(vector::dot(&a, &b)) - exact).abs() < 1.0e-4);
    }
    assert!(vector::sum(&[1.0, f32::NAN]).is_nan());
    assert_eq!(vector::max(&[1.0, f32::NAN, 2.0]), 2.0);
}

#[test]
fn element_by_element() {
    for len in [0, 1, 7, 8, 9, 31, 33, 100] {
        let (a, b, y) = (numbers(len, 1), numbers(len, 2), numbers(len, 3));
        let pairs = || a.iter().zip(&b).zip(&y).map(|((&a, &b), &y)| (a, b, y));
        let check = |act: &dyn Fn(&mut [f32]), want: &dyn Fn(f32, f32, f32) -> f32| {
            let mut out = y.clone();
            act(&mut out);
            same(&out, pairs().map(|(a, b, y)| want(a, b, y)));
        };
        check(&|out| vector::axpy(out, 0.3, &a), &|a, _, y| y + 0.3 * a);
        check(&|out| vector::scale(out, 0.3), &|_, _, y| y * 0.3);
        check(&|out| vector::add(out, &a, &b), &|a, b, _| a + b);
        check(&|out| vector::add_assign(out, &a), &|a, _, y| y + a);
        check(&|out| vector::mul(out, &a, &b), &|a, b, _| a * b);
        check(&|out| vector::mul_assign(out, &a), &|a, _, y| y * a);
        check(&|out| vector::add_product(out, &a, &b), &|a, b, y| y + a * b);
        check(&|out| elementary::relu_slice(out, &a), &|a, _, _| {
            if a > 0.0 { a } else { 0.0 }
        });
        check(&|out| elementary::relu_in_place(out), &|_, _, y| {
            if y > 0.0 { y } else { 0.0 }
        });
        check(&|out| vector::relu_gradient(out, &a, &b), &|a, b, _| {
            if b > 0.0 { a } else { 0.0 }
        });
    }
    let mut out = [0.0; 2];
    elementary::relu_slice(&mut out, &[f32::NAN, f32::NEG_INFINITY]);
    same(&out, [f32::NAN, 0.0]);
}

#[test]
fn bias_and_its_gradient() {
    for (rows, columns) in [(1, 1), (5, 3), (17, 9), (64, 33), (0, 4)] {
        let (x, bias) = (numbers(rows * columns, 1), numbers(columns, 2));
        let mut y = x.clone();
        vector::add_bias(&mut y, &bias);
        same(&y, x.iter().enumerate().map(|(at, x)| x + bias[at % columns]));
        let mut sums = bias.clone();
        vector::add_column_sums(&mut sums, &x);
        same(
            &sums,
            (0..columns).map(|j| (0..rows).fold(bias[j], |sum, i| sum + x[i * columns + j])),
        );
    }
}

#[test]
fn softmax_and_log_sum_exp() {
    for columns in [1, 2, 3, 4, 7, 8, 9, 17, 1700] {
        let rows = 5;
        let x = numbers(rows * columns, 7);
        let mut y = vec![0.0; x.len()];
        vector::softmax_rows(&mut y, &x, columns);
        let mut again = x.clone();
        vector::softmax_rows_in_place(&mut again, columns);
        same(&again, y.iter().copied());
        let mut total = vec![0.0; rows];
        vector::log_sum_exp_rows(&mut total, &x, &mut vec![0.0; columns]);
        for row in 0..rows {
            let (x, y) = (&x[row * columns..][..columns], &y[row * columns..][..columns]);
            let shift = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let powers: Vec<f32> = x.iter().map(|&v| elementary::exp(v - shift)).collect();
            let sum = eight_lanes(&powers);
            same(y, powers.iter().map(|p| p / sum));
            same(&[total[row]], [shift + elementary::log(sum)]);
            assert!((vector::sum(y) - 1.0).abs() < 1.0e-6);
        }

        // The gradient against finite differences in f64.
        let dy = numbers(x.len(), 8);
        let mut dx = vec![0.0; x.len()];
        vector::softmax_rows_gradient(&mut dx, &dy, &y, columns);
        let loss = |x: &[f32], at: usize, shift: f64| {
            let powers: Vec<f64> = (0..columns)
                .map(|j| (f64::from(x[j]) + if j == at { shift } else { 0.0 }).exp())
                .collect();
            let sum: f64 = powers.iter().sum();
            powers
                .iter()
                .zip(&dy)
                .map(|(p, &dy)| p / sum * f64::from(dy))
                .sum::<f64>()
        };
        for (j, &dx) in dx.iter().enumerate().take(columns.min(9)) {
            let slope = (loss(&x, j, 1.0e-5) - loss(&x, j, -1.0e-5)) / 2.0e-5;
            assert!(
                (f64::from(dx) - slope).abs() < 2.0e-6,
                "{} instead of {slope}",
                dx
            );
        }
    }
}

#[test]
fn extremes_of_softmax() {
    let mut y = [0.0; 3];
    vector::softmax_rows(&mut y, &[3.0e38, -3.0e38, 0.0], 3);
    same(&y, [1.0, 0.0, 0.0]);
    vector::softmax_rows(&mut y, &[f32::NAN, 1.0, 2.0], 3);
    same(&y, [f32::NAN; 3]);
    let mut total = [0.0; 3];
    let inf = f32::INFINITY;
    vector::log_sum_exp_rows(&mut total, &[-inf, -inf, inf, 1.0, 1000.0, -inf], &mut [0.0; 2]);
    same(&total, [-inf, inf, 1000.0]);
}

#[test]
#[should_panic(expected = "slices of 3 and 2 numbers")]
fn lengths_must_agree() {
    vector::dot(&[1.0; 3], &[1.0; 2]);
}

#[test]
#[should_panic(expected = "7 numbers are not a whole number of rows of 3")]
fn rows_must_be_whole() {
    vector::softmax_rows_in_place(&mut [0.0; 7], 3);
}
