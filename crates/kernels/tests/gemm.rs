//! Laws of the matrix product: its value, its order of additions, and what it leaves alone.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

use mtl_kernels::fused::Rounding;
use mtl_kernels::gemm::{Operand, Output, Size, gemm, gemm_scratch_len};

/// Numbers in [-1, 1) that are not friendly to any order of summation.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 40) as f32) / 8_388_608.0 - 1.0
    }

    fn matrix(&mut self, rows: usize, stride: usize) -> Vec<f32> {
        (0..rows * stride).map(|_| self.next()).collect()
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Case {
    a_transposed: bool,
    b_transposed: bool,
    accumulate: bool,
    bias: bool,
    relu: bool,
    /// Added to every row's length.
    pad: usize,
    rounding: Rounding,
}

impl Case {
    const ALL_LAYOUTS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];
}

/// Computes one product and compares it with the documented chain (fused where that is asked for and available), bit for bit, and with `f64`.
#[track_caller]
fn check(size: Size, case: Case) {
    let Size { m, n, k } = size;
    let mut numbers = Numbers((m * 1_000_003 + n * 1_009 + k) as u64);
    let stored = |transposed, rows, columns| {
        if transposed {
            (columns, rows)
        } else {
            (rows, columns)
        }
    };
    let (a_rows, a_columns) = stored(case.a_transposed, m, k);
    let (b_rows, b_columns) = stored(case.b_transposed, k, n);
    let (a_stride, b_stride, c_stride) = (a_columns + case.pad, b_columns + 2 * case.pad, n + 3 * case.pad);
    let a = numbers.matrix(a_rows, a_stride);
    let b = numbers.matrix(b_rows, b_stride);
    let bias = numbers.matrix(1, n);
    let before = numbers.matrix(m, c_stride);
    let mut c = before.clone();
    // What is in the scratch space must not matter.
    let mut scratch = vec![f32::NAN; gemm_scratch_len(m, n, k)];

    let operand = |transposed, data, stride| {
        if transposed {
            Operand::transposed(data, stride)
        } else {
            Operand::rows(data, stride)
        }
    };
    let mut output = Output::to(&mut c, c_stride);
    if case.accumulate {
        output = output.accumulate();
    }
    if case.bias {
        output = output.bias(&bias);
    }
    if case.relu {
        output = output.relu();
    }
    let (left, right) = (
        operand(case.a_transposed, &a, a_stride),
        operand(case.b_transposed, &b, b_stride),
    );
    gemm(size, left, right, output, case.rounding, &mut scratch);

    for i in 0..m {
        for j in 0..c_stride {
            let at = i * c_stride + j;
            if j >= n {
                assert_eq!(
                    c[at].to_bits(),
                    before[at].to_bits(),
                    "{size:?} {case:?}: wrote between the rows"
                );
                continue;
            }
            let mut chain = if case.accumulate { before[at] } else { 0.0 };
            let mut exact = f64::from(chain);
            for p in 0..k {
                let x = if case.a_transposed {
                    a[p * a_stride + i]
                } else {
                    a[i * a_stride + p]
                };
                let y = if case.b_transposed {
                    b[j * b_stride + p]
                } else {
                    b[p * b_stride + j]
                };
                chain = if Rounding::fused_if(case.rounding == Rounding::Fused) == Rounding::Fused {
                    x.mul_add(y, chain)
                } else {
                    chain + x * y
                };
                exact += f64::from(x) * f64::from(y);
            }
            if case.bias {
                chain += bias[j];
                exact += f64::from(bias[j]);
            }
            if case.relu {
                chain = if chain < 0.0 { 0.0 } else { chain };
                exact = exact.max(0.0);
            }
            assert_eq!(
                c[at].to_bits(),
                chain.to_bits(),
                "{size:?} {case:?}: C[{i}, {j}] = {}, {chain}",
                c[at]
            );
            let error = (f64::from(c[at]) - exact).abs();
            let allowed = 1.0e-7 * (k + 2) as f64;
            assert!(
                error <= allowed,
                "{size:?} {case:?}: C[{i}, {j}] = {} instead of {exact}",
                c[at]
            );
        }
    }
}

#[test]
fn every_small_shape_in_every_layout() {
    for (a_transposed, b_transposed) in Case::ALL_LAYOUTS {
        for m in 1..=33 {
            for n in 1..=33 {
                for k in 1..=33 {
                    // Every setting meets every residue of the tile sizes.
                    let mix = m + 3 * n + 5 * k;
                    let case = Case {
                        a_transposed,
                        b_transposed,
                        accumulate: mix % 2 == 1,
                        bias: mix % 3 == 0,
                        relu: mix % 5 == 0,
                        pad: [0, 0, 1, 3][mix % 4],
                        ..Case::default()
                    };
                    check(Size { m, n, k }, case);
                }
            }
        }
    }
}

#[test]
fn shapes_of_real_layers_and_of_every_block_edge() {
    large_shapes(Rounding::Separate);
}

/// Without the instruction for it this is the same as above.
#[test]
fn fused_products_round_once_per_term() {
    large_shapes(Rounding::Fused);
}

fn large_shapes(rounding: Rounding) {
    let sizes = [
        (64, 32, 32),
        (64, 128, 32),
        (256, 1, 16),
        (1, 256, 512),
        (512, 1, 256),
        (256, 10, 512),
        (64, 40, 1700),
        (127, 255, 257),
        (129, 257, 255),
        (130, 300, 513),
        (5, 700, 300),
        (8, 257, 600),
        (9, 17, 1025),
        (300, 2, 300),
    ];
    for (m, n, k) in sizes {
        for (a_transposed, b_transposed) in Case::ALL_LAYOUTS {
            for accumulate in [false, true] {
                let case = Case {
                    a_transposed,
                    b_transposed,
                    accumulate,
                    rounding,
                    ..Case::default()
                };
                check(Size { m, n, k }, case);
            }
            check(
                Size { m, n, k },
                Case {
                    a_transposed,
                    b_transposed,
                    bias: true,
                    relu: true,
                    pad: 5,
                    accumulate: true,
                    rounding,
                },
            );
        }
    }
}

#[test]
fn an_empty_inner_dimension_leaves_the_bias() {
    let mut c = [7.0; 6];
    let nothing = Operand::rows(&[], 0);
    gemm(
        Size { m: 2, n: 3, k: 0 },
        nothing,
        Operand::rows(&[], 3),
        Output::to(&mut c, 3).bias(&[1.0, -2.0, 3.0]).relu(),
        Rounding::Separate,
        &mut [],
    );
    assert_eq!(c, [1.0, 0.0, 3.0, 1.0, 0.0, 3.0]);
    gemm(
        Size { m: 2, n: 3, k: 0 },
        nothing,
        Operand::rows(&[], 3),
        Output::to(&mut c, 3).accumulate(),
        Rounding::Separate,
        &mut [],
    );
    assert_eq!(c, [1.0, 0.0, 3.0, 1.0, 0.0, 3.0]);
    // More rows and columns than a tile has.
    let (m, n) = (23, 70);
    let mut packing = vec![0.0; gemm_scratch_len(m, n, 0)];
    for a in [nothing, Operand::transposed(&[], m)] {
        for b in [Operand::rows(&[], n), Operand::transposed(&[], 0)] {
            let mut c = vec![7.0; m * n];
            let size = Size { m, n, k: 0 };
            gemm(
                size,
                a,
                b,
                Output::to(&mut c, n).accumulate(),
                Rounding::Separate,
                &mut packing,
            );
            assert!(c.iter().all(|value| *value == 7.0));
            gemm(
                size,
                a,
                b,
                Output::to(&mut c, n),
                Rounding::Separate,
                &mut packing,
            );
            assert!(c.iter().all(|value| *value == 0.0));
        }
    }
    gemm(
        Size { m: 0, n: 3, k: 2 },
        Operand::rows(&[], 2),
        Operand::rows(&[0.0; 6], 3),
        Output::to(&mut [], 3),
        Rounding::Separate,
        &mut [0.0; 64],
    );
}

#[test]
fn nan_and_infinity_reach_exactly_their_row_and_column() {
    let (m, n, k) = (13, 19, 11);
    for special in [f32::NAN, f32::INFINITY] {
        for (a_transposed, b_transposed) in Case::ALL_LAYOUTS {
            for relu in [false, true] {
                let (mut a, mut b) = (vec![1.0; m * k], vec![1.0; k * n]);
                let (row, column, p) = (9, 17, 5);
                a[if a_transposed { p * m + row } else { row * k + p }] = special;
                b[if b_transposed {
                    column * k + p
                } else {
                    p * n + column
                }] = special;
                let left = if a_transposed {
                    Operand::transposed(&a, m)
                } else {
                    Operand::rows(&a, k)
                };
                let right = if b_transposed {
                    Operand::transposed(&b, k)
                } else {
                    Operand::rows(&b, n)
                };
                let mut c = vec![0.0; m * n];
                let output = Output::to(&mut c, n);
                let output = if relu { output.relu() } else { output };
                gemm(
                    Size { m, n, k },
                    left,
                    right,
                    output,
                    Rounding::Separate,
                    &mut vec![0.0; gemm_scratch_len(m, n, k)],
                );
                for (at, &y) in c.iter().enumerate() {
                    if at / n == row || at % n == column {
                        assert!(
                            y.is_nan() && special.is_nan() || y == special,
                            "{special} became {y}"
                        );
                    } else {
                        assert_eq!(y, k as f32);
                    }
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "A: 3 rows of 4, 4 apart, do not fit 11 numbers")]
fn a_short_operand_is_refused() {
    let size = Size { m: 3, n: 2, k: 4 };
    gemm(
        size,
        Operand::rows(&[0.0; 11], 4),
        Operand::rows(&[0.0; 8], 2),
        Output::to(&mut [0.0; 6], 2),
        Rounding::Separate,
        &mut [0.0; 1000],
    );
}

#[test]
#[should_panic(expected = "scratch space is too short")]
fn short_scratch_is_refused() {
    let size = Size { m: 3, n: 2, k: 4 };
    gemm(
        size,
        Operand::rows(&[0.0; 12], 4),
        Operand::rows(&[0.0; 8], 2),
        Output::to(&mut [0.0; 6], 2),
        Rounding::Separate,
        &mut [0.0; 7],
    );
}
