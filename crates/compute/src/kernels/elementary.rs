//! Elementary functions with the same bits on every machine.
//!
//! `std`'s `exp`, `ln`, `tanh`, ... call the platform's mathematical library, which differs between systems and
//! between a native program and a browser. These are the project's own: a range reduction, a polynomial and a
//! reconstruction from `+ - * /` and integer operations only, without branches on the data, so that the compiler
//! turns a loop over a slice into vectors (four lanes in wasm and SSE2, eight with AVX2).
//!
//! `f` is the scalar, `f_slice(dst, src)` and `f_in_place(x)` apply it element by element: **the same bits for the
//! same input**, whatever the position in the slice.
//!
//! | function | largest error found, in ulp | notes |
//! |---|---|---|
//! | [`exp`] | 1.0 | subnormal results included; overflow to +inf above 88.72, 0 below -103.97 |
//! | [`expm1`] | 1.5 | for ELU and SELU |
//! | [`log`] | 0.8 | subnormal arguments included; `log(0) = -inf`, NaN below 0 |
//! | [`log1p`] | 1.5 | `log1p(-1) = -inf` |
//! | [`softplus`] | 1.8 | `log(1 + e^x)` without overflow |
//! | [`sigmoid`] | 2.1 | accurate for very negative arguments too |
//! | [`tanh`] | 1.2 | |
//! | [`erf`] | 1.2 | |
//! | [`gelu`] | 1.6 for x >= 0 | the exact form `x * Phi(x)`, not the tanh approximation; see there for x < 0 |
//! | [`sin`], [`cos`] | 0.5 | for arguments up to 1.6e6 |
//! | [`pow`] | 0.6 | special cases as IEEE 754 |
//! | [`exp_f64`], [`log_f64`] | 1.0 of `f64` | for metrics and balancing, where sums are kept in `f64` |
//!
//! NaN gives NaN; `-0.0` keeps its sign in the odd functions. `tests/kernels_elementary.rs` measures these errors
//! over the whole range of `f32` against `f64`.
//!
//! ```
//! use mtl_compute::kernels::elementary::{exp, exp_slice};
//! let x = [0.0, 1.0, -2.5, 100.0, f32::NEG_INFINITY];
//! let mut y = [0.0; 5];
//! exp_slice(&mut y, &x);
//! for (y, x) in y.iter().zip(x) {
//!     assert_eq!(y.to_bits(), exp(x).to_bits());
//! }
//! ```
#![allow(clippy::excessive_precision, reason = "coefficients are written as published")]

use super::multiversion;

/// ln 2 in two parts: the first has nine significant bits, so that its product with an exponent is exact.
const LN2_HI: f32 = 0.693359375;
const LN2_LO: f32 = -2.12194440e-4;
/// 1.5 * 2^23: adding it rounds to an integer, which is then found in the low bits.
const ROUND: f32 = 12_582_912.0;

/// Splits `x` (finite, |x| < 2^21) into `n`, the nearest integer to `x / ln 2`, and `r = x - n ln 2`.
#[inline(always)]
fn reduce(x: f32) -> (i32, f32) {
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HI - n * LN2_LO;
    ((shifted.to_bits() as i32).wrapping_sub(ROUND.to_bits() as i32), r)
}

/// `e^r - 1` for |r| <= ln 2 / 2 (Moshier's minimax polynomial of `expf`).
#[inline(always)]
fn expm1_reduced(r: f32) -> f32 {
    let mut p = 1.9875691500e-4;
    p = p * r + 1.3981999507e-3;
    p = p * r + 8.3334519073e-3;
    p = p * r + 4.1665795894e-2;
    p = p * r + 1.6666665459e-1;
    p = p * r + 5.0000001201e-1;
    p * (r * r) + r
}

/// `2^n` for -126 <= n <= 127.
#[inline(always)]
fn exp2i(n: i32) -> f32 {
    f32::from_bits((n.wrapping_add(127) as u32) << 23)
}

/// `e^x`.
///
/// `x = n ln 2 + r`, `e^x = 2^n (1 + r + r^2 P(r))`. The power of two is applied in two halves, so that overflow
/// and subnormal results come out of the last multiplication, rounded once.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -104.0 { -104.0 } else { clamped };
    let (n, r) = reduce(clamped);
    let half = n >> 1;
    let y = (1.0 + expm1_reduced(r)) * exp2i(half) * exp2i(n.wrapping_sub(half));
    // The clamps keep NaN, except in a relaxed-simd build, where LLVM makes them instructions that may lose it.
    if x.is_nan() { x } else { y }
}

/// `e^x - 1`, accurate near 0.
///
/// With `h = 2^(n - 1)`: `2 (h (e^r - 1) + (h - 1/2))`.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -30.0 { -30.0 } else { clamped };
    let (n, r) = reduce(clamped);
    let h = exp2i(n.wrapping_sub(1));
    let y = 2.0 * (h * expm1_reduced(r) + (h - 0.5));
    if x.abs() < 2.0e-8 || x.is_nan() { x } else { y }
}

/// Natural logarithm.
///
/// `x = 2^e (1 + f)` with `1 + f` in `[sqrt(1/2), sqrt(2))`, `log x = e ln 2 + f - f^2 / 2 + f^3 P(f)`.
#[inline(always)]
pub fn log(x: f32) -> f32 {
    let subnormal = x < f32::MIN_POSITIVE;
    let scaled = if subnormal { x * 8_388_608.0 } else { x };
    let bits = scaled.to_bits() as i32;
    let exponent = ((bits >> 23) - 126) as f32 - if subnormal { 23.0 } else { 0.0 };
    let mantissa = f32::from_bits(((bits & 0x007f_ffff) | 0x3f00_0000) as u32);
    let low = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let e = if low { exponent - 1.0 } else { exponent };
    let f = if low {
        mantissa + mantissa - 1.0
    } else {
        mantissa - 1.0
    };

    let z = f * f;
    let mut p = 7.0376836292e-2;
    p = p * f - 1.1514610310e-1;
    p = p * f + 1.1676998740e-1;
    p = p * f - 1.2420140846e-1;
    p = p * f + 1.4249322787e-1;
    p = p * f - 1.6668057665e-1;
    p = p * f + 2.0000714765e-1;
    p = p * f - 2.4999993993e-1;
    p = p * f + 3.3333331174e-1;
    let tail = p * f * z + e * LN2_LO - 0.5 * z;
    let y = (f + tail) + e * LN2_HI;

    let y = if x == f32::INFINITY { x } else { y };
    let y = if x == 0.0 { f32::NEG_INFINITY } else { y };
    // Not `x < 0.0`: a NaN must fail the comparison and come out as NaN too.
    if x >= 0.0 { y } else { f32::NAN }
}

/// `log(1 + x)`, accurate near 0.
///
/// `w = 1 + x` rounded, then `log w` plus the first-order effect of that rounding, `(x - (w - 1)) / w`.
#[inline(always)]
pub fn log1p(x: f32) -> f32 {
    let w = 1.0 + x;
    let correction = (x - (w - 1.0)) / w;
    let finite = w > 0.0 && w < f32::INFINITY;
    let y = log(w) + if finite { correction } else { 0.0 };
    if x.abs() < 1.0e-8 { x } else { y }
}

/// `log(1 + e^x) = max(x, 0) + log1p(e^-|x|)`.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    let positive = if x < 0.0 { 0.0 } else { x };
    positive + log1p(exp(-x.abs()))
}

/// The logistic function `1 / (1 + e^-x)`.
///
/// With `t = e^-|x|`: `1 / (1 + t)` or, for negative `x`, `t / (1 + t)`; nothing overflows and nothing cancels.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    let t = exp(-x.abs());
    let numerator = if x < 0.0 { t } else { 1.0 };
    numerator / (1.0 + t)
}

/// Hyperbolic tangent: an odd polynomial below 0.625, `1 - 2 / (e^2|x| + 1)` above.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let t = x.abs();
    let z = t * t;
    let mut p = -5.70498872745e-3;
    p = p * z + 2.06390887954e-2;
    p = p * z - 5.37397155531e-2;
    p = p * z + 1.33314422036e-1;
    p = p * z - 3.33332819422e-1;
    let small = p * z * t + t;
    let large = 1.0 - 2.0 / (exp(t + t) + 1.0);
    let y = if t < 0.625 { small } else { large };
    y.copysign(x)
}

/// `max(x, 0)`; NaN stays NaN.
#[inline(always)]
pub fn relu(x: f32) -> f32 {
    f32::from_bits(if x < 0.0 { 0 } else { x.to_bits() })
}

/// Where the two forms of [`erf`] meet.
const ERF_SPLIT: f32 = 0.927734375;

/// `erf(x)` for |x| <= [`ERF_SPLIT`] (Juffa's polynomial).
#[inline(always)]
fn erf_small(x: f32) -> f32 {
    let z = x * x;
    let mut p = -5.96761703e-4;
    p = p * z + 4.99119423e-3;
    p = p * z - 2.67681349e-2;
    p = p * z + 1.12819925e-1;
    p = p * z - 3.76125336e-1;
    p = p * z + 1.28379166e-1;
    p * x + x
}

/// `1 - erf(t)` for `t` > [`ERF_SPLIT`], as `exp` of a polynomial (Juffa's).
#[inline(always)]
fn erfc_large(t: f32) -> f32 {
    let z = t * t;
    let high = -1.72853470e-5 * t + 3.83197126e-4;
    let low = -3.88396438e-3 * t + 2.42546219e-2;
    let mut p = high * z + low;
    p = p * t - 1.06777877e-1;
    p = p * t - 6.34846687e-1;
    p = p * t - 1.28717512e-1;
    exp(p * t - t)
}

/// The error function `2 / sqrt(pi) * integral of e^-u^2 from 0 to x`.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    let t = x.abs();
    let large = (1.0 - erfc_large(t)).copysign(x);
    if t > ERF_SPLIT { large } else { erf_small(x) }
}

/// The standard normal distribution function `Phi(x) = (1 + erf(x / sqrt 2)) / 2`, without cancellation for
/// negative `x`: the absolute error stays below 1e-7 and shrinks with the value (relative below 1e-4 down to -5).
#[inline(always)]
pub fn normal_cdf(x: f32) -> f32 {
    let u = x * std::f32::consts::FRAC_1_SQRT_2;
    let t = u.abs();
    let tail = 0.5 * erfc_large(t);
    let large = if x < 0.0 { tail } else { 1.0 - tail };
    if t > ERF_SPLIT {
        large
    } else {
        0.5 + 0.5 * erf_small(u)
    }
}

/// The standard normal density `e^(-x^2 / 2) / sqrt(2 pi)`.
#[inline(always)]
pub fn normal_density(x: f32) -> f32 {
    0.398942280 * exp(-0.5 * x * x)
}

/// The exact Gaussian error linear unit `x * Phi(x)` (`approximate=False` in Keras).
///
/// For negative `x` the absolute error is below 1e-7, and below `1e-4 |gelu(x)| + 1e-10`.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    let cdf = normal_cdf(x);
    // -inf * 0 would be NaN; the limit is 0.
    if cdf == 0.0 { -0.0 } else { x * cdf }
}

/// The derivative of [`gelu`]: `Phi(x) + x phi(x)`.
#[inline(always)]
pub fn gelu_derivative(x: f32) -> f32 {
    let near = if x > 20.0 { 20.0 } else { x };
    let near = if near < -20.0 { -20.0 } else { near };
    normal_cdf(x) + near * normal_density(near)
}

macro_rules! over_slices {
    ($($of:literal $scalar:ident $slice:ident $in_place:ident)*) => {$(
        multiversion! {
            #[doc = concat!("`dst[i] = ", $of, "` for every `i`; the lengths must agree.")]
            pub fn $slice(dst: &mut [f32], src: &[f32]) {
                assert_eq!(dst.len(), src.len(), "source and destination differ in length");
                for (d, &s) in dst.iter_mut().zip(src) {
                    *d = $scalar(s);
                }
            }

            #[doc = concat!("`x[i] = ", $of, "`, in place.")]
            pub fn $in_place(x: &mut [f32]) {
                for v in x {
                    *v = $scalar(*v);
                }
            }
        }
    )*};
}

over_slices! {
    "exp(src[i])" exp exp_slice exp_in_place
    "expm1(src[i])" expm1 expm1_slice expm1_in_place
    "log(src[i])" log log_slice log_in_place
    "log1p(src[i])" log1p log1p_slice log1p_in_place
    "softplus(src[i])" softplus softplus_slice softplus_in_place
    "sigmoid(src[i])" sigmoid sigmoid_slice sigmoid_in_place
    "tanh(src[i])" tanh tanh_slice tanh_in_place
    "relu(src[i])" relu relu_slice relu_in_place
    "erf(src[i])" erf erf_slice erf_in_place
    "gelu(src[i])" gelu gelu_slice gelu_in_place
    "gelu_derivative(src[i])" gelu_derivative gelu_derivative_slice gelu_derivative_in_place
}

/// Quadrant (modulo 4) and remainder of `x` after the division by pi / 2, in `f64`.
fn reduce_quadrant(x: f32) -> (i32, f64) {
    const PIO2_HI: f64 = 1.57079632673412561417;
    const PIO2_LO: f64 = 6.07710050650619224932e-11;
    let mut x = f64::from(x);
    if x.abs() > 1.6e6 {
        x %= std::f64::consts::TAU;
    }
    let n = (x * std::f64::consts::FRAC_2_PI).round();
    let r = x - n * PIO2_HI - n * PIO2_LO;
    // |n| < 2^21 here; a NaN becomes 0 and stays NaN in `r`.
    (n as i32 & 3, r)
}

fn sin_reduced(r: f64) -> f64 {
    let z = r * r;
    let mut p = 1.58969099521155010221e-10;
    p = p * z - 2.50507602534068634195e-08;
    p = p * z + 2.75573137070700676789e-06;
    p = p * z - 1.98412698298579493134e-04;
    p = p * z + 8.33333333332248946124e-03;
    p = p * z - 1.66666666666666324348e-01;
    r + r * z * p
}

fn cos_reduced(r: f64) -> f64 {
    let z = r * r;
    let mut p = -1.13596475577881948265e-11;
    p = p * z + 2.08757232129817482790e-09;
    p = p * z - 2.75573143513906633035e-07;
    p = p * z + 2.48015872894767294178e-05;
    p = p * z - 1.38888888888741095749e-03;
    p = p * z + 4.16666666666666019037e-02;
    1.0 - 0.5 * z + z * z * p
}

/// Sine of an angle in radians. Accurate up to |x| = 1.6e6; further out the period is that of the nearest `f64`
/// to 2 pi. Infinities give NaN.
pub fn sin(x: f32) -> f32 {
    if x == 0.0 {
        return x;
    }
    let (quadrant, r) = reduce_quadrant(x);
    let y = match quadrant {
        0 => sin_reduced(r),
        1 => cos_reduced(r),
        2 => -sin_reduced(r),
        _ => -cos_reduced(r),
    };
    y as f32
}

/// Cosine of an angle in radians; accuracy as [`sin`].
pub fn cos(x: f32) -> f32 {
    let (quadrant, r) = reduce_quadrant(x);
    let y = match quadrant {
        0 => cos_reduced(r),
        1 => -sin_reduced(r),
        2 => -cos_reduced(r),
        _ => sin_reduced(r),
    };
    y as f32
}

const LN2_HI_F64: f64 = 6.93147180369123816490e-01;
const LN2_LO_F64: f64 = 1.90821492927058770002e-10;

/// `e^x` in `f64` (the rational form of FreeBSD's `exp`).
pub fn exp_f64(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let x = x.clamp(-746.0, 710.0);
    let n = (x * std::f64::consts::LOG2_E).round();
    let hi = x - n * LN2_HI_F64;
    let lo = n * LN2_LO_F64;
    let r = hi - lo;
    let z = r * r;
    let mut p = 4.13813679705723846039e-08;
    p = p * z - 1.65339022054652515390e-06;
    p = p * z + 6.61375632143793436117e-05;
    p = p * z - 2.77777777770155933842e-03;
    p = p * z + 1.66666666666666019037e-01;
    let c = r - z * p;
    let y = 1.0 + (r * c / (2.0 - c) - lo + hi);
    let n = n as i64;
    let half = n >> 1;
    let power = |n: i64| f64::from_bits(((n + 1023) as u64) << 52);
    y * power(half) * power(n - half)
}

/// Natural logarithm in `f64` (the series of FreeBSD's `log`).
pub fn log_f64(x: f64) -> f64 {
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    // Bits of sqrt(1/2): adding the distance to 1 makes the carry choose between x and x / 2.
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    let (scaled, shift) = if x < f64::MIN_POSITIVE {
        (x * 18_014_398_509_481_984.0, -54)
    } else {
        (x, 0)
    };
    let bits = scaled.to_bits() + (ONE - SQRT_HALF);
    let e = f64::from((bits >> 52) as i32 - 1023 + shift);
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + SQRT_HALF) - 1.0;
    let half_square = 0.5 * f * f;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    let odd = z
        * (6.666666666666735130e-01
            + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    s * (half_square + (even + odd)) + e * LN2_LO_F64 - half_square + f + e * LN2_HI_F64
}

/// `x^y`, computed as `e^(y log |x|)` in `f64` with the sign and the special cases of IEEE 754.
pub fn pow(x: f32, y: f32) -> f32 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if x.is_nan() || y.is_nan() {
        return f32::NAN;
    }
    let integer = y.is_infinite() || y == y.trunc();
    if x < 0.0 && x.is_finite() && !integer {
        return f32::NAN;
    }
    // Every f32 from 2^24 on is even.
    let odd = integer && y.abs() < 16_777_216.0 && (y as i32) & 1 == 1;
    let magnitude = if x.abs() == 1.0 {
        1.0
    } else {
        exp_f64(f64::from(y) * log_f64(f64::from(x.abs()))) as f32
    };
    if odd { magnitude.copysign(x) } else { magnitude }
}
