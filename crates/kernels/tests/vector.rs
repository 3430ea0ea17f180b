//! The loops over slices against their definitions, bit for bit.
#![allow(
    clippy::disallowed_methods,
    reason = "the platform's f64 functions are the reference here"
)]

use mtl_kernels::{elementary, vector};

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
        let exact: f64 = a.iter().zip(&b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
        assert!((f64::from(vector::dot(&a, &b)) - exact).abs() < 1.0e-4);
    }
    assert!(vector::sum(&[1.0, f32::NAN]).is_nan());
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
        check(&|out| vector::add(out, &a, &b), &|a, b, _| a + b);
        check(&|out| vector::add_assign(out, &a), &|a, _, y| y + a);
        check(&|out| vector::mul_assign(out, &a), &|a, _, y| y * a);
        check(&|out| vector::add_product(out, &a, &b), &|a, b, y| y + a * b);
        check(&|out| elementary::relu_slice(out, &a), &|a, _, _| {
            if a > 0.0 { a } else { 0.0 }
        });
        check(&|out| elementary::relu_in_place(out), &|_, _, y| {
            if y > 0.0 { y } else { 0.0 }
        });
    }
    let mut out = [0.0; 2];
    elementary::relu_slice(&mut out, &[f32::NAN, f32::NEG_INFINITY]);
    same(&out, [f32::NAN, 0.0]);
}

#[test]
fn what_is_not_finite_is_found_anywhere() {
    for len in [0, 1, 7, 8, 9, 40] {
        let mut x = numbers(len, 4);
        x.iter_mut().step_by(3).for_each(|x| *x = f32::MAX);
        assert!(vector::all_finite(&x));
        for at in 0..len {
            for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let before = std::mem::replace(&mut x[at], value);
                assert!(!vector::all_finite(&x), "{value} at {at} of {len}");
                x[at] = before;
            }
        }
    }
}

#[test]
fn gradient_of_a_bias() {
    for (rows, columns) in [(1, 1), (3, 2), (4, 5), (5, 3), (17, 9), (64, 33), (0, 4)] {
        let (x, start) = (numbers(rows * columns, 1), numbers(columns, 2));
        let mut sums = start.clone();
        vector::add_column_sums(&mut sums, &x);
        same(
            &sums,
            (0..columns).map(|j| (0..rows).fold(start[j], |sum, i| sum + x[i * columns + j])),
        );
    }
}

#[test]
fn softmax_and_its_gradient() {
    for columns in [1, 2, 3, 4, 7, 8, 9, 17, 1700] {
        let x = numbers(columns, 7);
        let mut y = vec![0.0; columns];
        let log_sum = vector::softmax(&mut y, &x);
        let shift = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let powers: Vec<f32> = x.iter().map(|&v| elementary::exp(v - shift)).collect();
        let sum = eight_lanes(&powers);
        same(&y, powers.iter().map(|p| p * (1.0 / sum)));
        same(&[log_sum], [shift + elementary::log(sum)]);
        assert!((vector::sum(&y) - 1.0).abs() < 1.0e-6);

        // The gradient against finite differences in f64.
        let (scale, dy) = (0.7, numbers(columns, 8));
        let mut scaled = vec![0.0; columns];
        let _ = vector::softmax(&mut scaled, &x.iter().map(|x| x * scale).collect::<Vec<_>>());
        let mut dx = dy.clone();
        vector::softmax_gradient(&mut dx, &scaled, scale);
        let loss = |at: usize, shift: f64| {
            let powers: Vec<f64> = (0..columns)
                .map(|j| ((f64::from(x[j]) + if j == at { shift } else { 0.0 }) * f64::from(scale)).exp())
                .collect();
            let sum: f64 = powers.iter().sum();
            powers
                .iter()
                .zip(&dy)
                .map(|(p, &dy)| p / sum * f64::from(dy))
                .sum::<f64>()
        };
        for (j, dx) in dx.iter().enumerate().take(columns.min(9)) {
            let slope = (loss(j, 1.0e-5) - loss(j, -1.0e-5)) / 2.0e-5;
            assert!((f64::from(*dx) - slope).abs() < 2.0e-6, "{dx} instead of {slope}");
        }
    }
}

#[test]
fn masked_softmax_is_that_of_what_counts() {
    for columns in [1, 2, 5, 8, 19] {
        let x = numbers(columns, 5);
        let mask: Vec<f32> = (0..columns).map(|j| f32::from(u8::from(j % 3 != 1))).collect();
        let counts: Vec<usize> = (0..columns).filter(|j| mask[*j] != 0.0).collect();
        let mut got = x.clone();
        vector::masked_softmax(&mut got, &mask, 0.5);
        let mut want = vec![0.0; counts.len()];
        let _ = vector::softmax(&mut want, &counts.iter().map(|j| x[*j] * 0.5).collect::<Vec<_>>());
        for (j, got) in got.iter().enumerate() {
            let want = counts.iter().position(|at| *at == j).map_or(0.0, |at| want[at]);
            assert!(
                (got - want).abs() < 1.0e-6,
                "{columns}, {j}: {got} instead of {want}"
            );
        }
        // An empty mask lets all count, a mask of zeros none.
        let mut all = x.clone();
        vector::masked_softmax(&mut all, &[], 1.0);
        let mut plain = vec![0.0; columns];
        let _ = vector::softmax(&mut plain, &x);
        same(&all, plain);
        vector::masked_softmax(&mut all, &vec![0.0; columns], 1.0);
        same(&all, vec![0.0; columns]);
    }
}

#[test]
fn extremes_of_softmax() {
    let mut y = [0.0; 3];
    let _ = vector::softmax(&mut y, &[3.0e38, -3.0e38, 0.0]);
    same(&y, [1.0, 0.0, 0.0]);
    let log_sum = vector::softmax(&mut y, &[f32::NAN, 1.0, 2.0]);
    same(&y, [f32::NAN; 3]);
    assert!(log_sum.is_nan());
    let log_sum = vector::softmax(&mut y, &[1000.0, 1.0, f32::NEG_INFINITY]);
    same(&[log_sum], [1000.0]);
}

#[test]
#[should_panic(expected = "slices of 3 and 2 numbers")]
fn lengths_must_agree() {
    vector::dot(&[1.0; 3], &[1.0; 2]);
}

#[test]
#[should_panic(expected = "7 numbers are not a whole number of rows of 3")]
fn rows_must_be_whole() {
    vector::add_column_sums(&mut [0.0; 3], &[0.0; 7]);
}
