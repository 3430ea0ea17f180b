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
//! use mtl_kernels::elementary::{exp, exp_slice};
//! let x = [0.0, 1.0, -2.5, 100.0, f32::NEG_INFINITY];
//! let mut y = [0.0; 5];
//! exp_slice(&mut y, &x);
//! for (y, x) in y.iter().zip(x) {
//!     assert_eq!(y.to_bits(), exp(x).to_bits());
//! }
//! ```
#![allow(clippy::excessive_precision, reason = "coefficients are written as published")]

use super::multiversion;

pub use super::double::{cos, exp_f64, log_f64, pow, sin};

/// 1.5 * 2^23: adding it rounds to an integer, which is then found in the low bits.
const ROUND: f32 = 12_582_912.0;

/// The functions' coefficients, in memory.
///
/// A loop over a slice takes them from [`functions`] before it begins. Written in the functions, they would be vector
/// constants of the loop, and V8 builds each of those anew, in four instructions, in every turn: `exp` would take 1.7 times
/// as long.
#[derive(Clone, Copy)]
pub struct Functions {
    zero: f32,
    half: f32,
    one: f32,
    two: f32,
    /// Bits of the sign.
    sign: u32,
    /// Where the result of `exp` no longer changes, above and below.
    exp_range: [f32; 2],
    log2_e: f32,
    round: f32,
    /// ln 2 in two parts: the first has nine significant bits, so that its product with an exponent is exact.
    ln_2: [f32; 2],
    /// `(e^r - 1 - r) / r^2` for |r| <= ln 2 / 2 (Moshier's minimax polynomial of `expf`).
    exp: [f32; 6],
    /// The exponent of 1, and what `round` looks like as an integer.
    exponent: [i32; 2],
    /// Below this `expm1` no longer changes, and this near to 0 it is its argument.
    expm1_range: [f32; 2],
    /// The smallest normal number, the factor that makes subnormal ones normal, and its exponent.
    normal: [f32; 3],
    /// The bits of a mantissa, and those of 1/2.
    mantissa: [u32; 2],
    sqrt_half: f32,
    /// `(log(1 + f) - f + f^2 / 2) / f^3` for `1 + f` in `[sqrt(1/2), sqrt(2))`.
    log: [f32; 9],
    /// log 0, log inf, and the logarithm of what has none.
    log_limits: [f32; 3],
    /// This near to 0 `log1p` is its argument.
    log1p_near: f32,
    /// `(tanh t - t) / t^3` for t below the split that follows.
    tanh: [f32; 5],
    tanh_split: f32,
    /// `erf(x) / x - 1` for |x| up to the split that follows (Juffa's polynomial).
    erf: [f32; 6],
    erf_split: f32,
    /// `log(1 - erf(t)) / t` for t above it (Juffa's).
    erfc: [f32; 7],
    /// 1 / sqrt(2 pi), and where the density of the normal distribution has become 0 on either side.
    normal_density: [f32; 3],
}

static FUNCTIONS: Functions = Functions {
    zero: 0.0,
    half: 0.5,
    one: 1.0,
    two: 2.0,
    sign: 0x8000_0000,
    exp_range: [89.0, -104.0],
    log2_e: std::f32::consts::LOG2_E,
    round: ROUND,
    ln_2: [0.693359375, -2.12194440e-4],
    exp: [
        1.9875691500e-4,
        1.3981999507e-3,
        8.3334519073e-3,
        4.1665795894e-2,
        1.6666665459e-1,
        5.0000001201e-1,
    ],
    exponent: [127, ROUND.to_bits() as i32],
    expm1_range: [-30.0, 2.0e-8],
    normal: [f32::MIN_POSITIVE, 8_388_608.0, 23.0],
    mantissa: [0x007f_ffff, 0x3f00_0000],
    sqrt_half: std::f32::consts::FRAC_1_SQRT_2,
    log: [
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ],
    log_limits: [f32::NEG_INFINITY, f32::INFINITY, f32::NAN],
    log1p_near: 1.0e-8,
    tanh: [
        -5.70498872745e-3,
        2.06390887954e-2,
        -5.37397155531e-2,
        1.33314422036e-1,
        -3.33332819422e-1,
    ],
    tanh_split: 0.625,
    erf: [
        -5.96761703e-4,
        4.99119423e-3,
        -2.67681349e-2,
        1.12819925e-1,
        -3.76125336e-1,
        1.28379166e-1,
    ],
    erf_split: 0.927734375,
    erfc: [
        -1.72853470e-5,
        3.83197126e-4,
        -3.88396438e-3,
        2.42546219e-2,
        -1.06777877e-1,
        -6.34846687e-1,
        -1.28717512e-1,
    ],
    normal_density: [0.398942280, 20.0, -20.0],
};

/// For a loop over a slice, to be taken before it begins: `let f = functions();`, then `f.exp(x)`. The same bits as
/// [`exp`] and the others, which are for single numbers.
#[inline(always)]
pub fn functions() -> Functions {
    // Only where the compiler would turn them into constants again, to V8's harm.
    #[cfg(target_arch = "wasm32")]
    return *std::hint::black_box(&FUNCTIONS);
    #[cfg(not(target_arch = "wasm32"))]
    FUNCTIONS
}

/// `c[0] x^n + c[1] x^(n - 1) + ... + c[n]`, by Horner's rule.
#[inline(always)]
fn polynomial<const N: usize>(coefficients: &[f32; N], x: f32) -> f32 {
    let mut sum = coefficients[0];
    for coefficient in &coefficients[1..] {
        sum = sum * x + coefficient;
    }
    sum
}

impl Functions {
    /// Splits `x` (finite, |x| < 2^21) into `n`, the nearest integer to `x / ln 2`, and `r = x - n ln 2`.
    #[inline(always)]
    fn reduce(&self, x: f32) -> (i32, f32) {
        let shifted = x * self.log2_e + self.round;
        let n = shifted - self.round;
        let r = x - n * self.ln_2[0] - n * self.ln_2[1];
        ((shifted.to_bits() as i32).wrapping_sub(self.exponent[1]), r)
    }

    /// `e^r - 1` for |r| <= ln 2 / 2.
    #[inline(always)]
    fn expm1_reduced(&self, r: f32) -> f32 {
        polynomial(&self.exp, r) * (r * r) + r
    }

    /// `2^n` for -126 <= n <= 127.
    #[inline(always)]
    fn exp2i(&self, n: i32) -> f32 {
        f32::from_bits((n.wrapping_add(self.exponent[0]) as u32) << 23)
    }

    /// See [`exp`].
    #[inline(always)]
    pub fn exp(&self, x: f32) -> f32 {
        let [above, below] = self.exp_range;
        let clamped = if x > above { above } else { x };
        let clamped = if clamped < below { below } else { clamped };
        let (n, r) = self.reduce(clamped);
        let half = n >> 1;
        let y = (self.one + self.expm1_reduced(r)) * self.exp2i(half) * self.exp2i(n.wrapping_sub(half));
        // The clamps keep NaN, except in a relaxed-simd build, where LLVM makes them instructions that may lose it.
        if x.is_nan() { x } else { y }
    }

    /// See [`expm1`].
    #[inline(always)]
    pub fn expm1(&self, x: f32) -> f32 {
        let (above, [below, near]) = (self.exp_range[0], self.expm1_range);
        let clamped = if x > above { above } else { x };
        let clamped = if clamped < below { below } else { clamped };
        let (n, r) = self.reduce(clamped);
        let h = self.exp2i(n.wrapping_sub(1));
        let y = self.two * (h * self.expm1_reduced(r) + (h - self.half));
        if x.abs() < near || x.is_nan() { x } else { y }
    }

    /// See [`log`].
    #[inline(always)]
    pub fn log(&self, x: f32) -> f32 {
        let [smallest, factor, shift] = self.normal;
        let subnormal = x < smallest;
        let scaled = if subnormal { x * factor } else { x };
        let bits = scaled.to_bits();
        let exponent =
            ((bits as i32 >> 23) - (self.exponent[0] - 1)) as f32 - if subnormal { shift } else { self.zero };
        let [mask, half] = self.mantissa;
        let mantissa = f32::from_bits((bits & mask) | half);
        let low = mantissa < self.sqrt_half;
        let e = if low { exponent - self.one } else { exponent };
        let f = if low {
            mantissa + mantissa - self.one
        } else {
            mantissa - self.one
        };

        let z = f * f;
        let tail = polynomial(&self.log, f) * f * z + e * self.ln_2[1] - self.half * z;
        let y = (f + tail) + e * self.ln_2[0];

        let [of_zero, infinity, nan] = self.log_limits;
        let y = if x == infinity { x } else { y };
        let y = if x == self.zero { of_zero } else { y };
        // Not `x < 0.0`: a NaN must fail the comparison and come out as NaN too.
        if x >= self.zero { y } else { nan }
    }

    /// See [`log1p`].
    #[inline(always)]
    pub fn log1p(&self, x: f32) -> f32 {
        let w = self.one + x;
        let correction = (x - (w - self.one)) / w;
        let finite = w > self.zero && w < self.log_limits[1];
        let y = self.log(w) + if finite { correction } else { self.zero };
        if x.abs() < self.log1p_near { x } else { y }
    }

    /// See [`softplus`].
    #[inline(always)]
    pub fn softplus(&self, x: f32) -> f32 {
        let positive = if x < self.zero { self.zero } else { x };
        positive + self.log1p(self.exp(-x.abs()))
    }

    /// See [`sigmoid`].
    #[inline(always)]
    pub fn sigmoid(&self, x: f32) -> f32 {
        let t = self.exp(-x.abs());
        let numerator = if x < self.zero { t } else { self.one };
        numerator / (self.one + t)
    }

    /// See [`tanh`].
    #[inline(always)]
    pub fn tanh(&self, x: f32) -> f32 {
        let t = x.abs();
        let z = t * t;
        let small = polynomial(&self.tanh, z) * z * t + t;
        let large = self.one - self.two / (self.exp(t + t) + self.one);
        self.with_sign_of(x, if t < self.tanh_split { small } else { large })
    }

    /// `y`, which has no sign, with that of `x`.
    #[inline(always)]
    fn with_sign_of(&self, x: f32, y: f32) -> f32 {
        f32::from_bits(y.to_bits() | (x.to_bits() & self.sign))
    }

    /// `erf(x)` for |x| <= `erf_split`.
    #[inline(always)]
    fn erf_small(&self, x: f32) -> f32 {
        polynomial(&self.erf, x * x) * x + x
    }

    /// `1 - erf(t)` for `t` > `erf_split`.
    #[inline(always)]
    fn erfc_large(&self, t: f32) -> f32 {
        let [a, b, c, d, e, f, g] = self.erfc;
        let z = t * t;
        let p = polynomial(&[(a * t + b) * z + (c * t + d), e, f, g], t);
        self.exp(p * t - t)
    }

    /// See [`erf`].
    #[inline(always)]
    pub fn erf(&self, x: f32) -> f32 {
        let t = x.abs();
        let large = self.with_sign_of(x, self.one - self.erfc_large(t));
        if t > self.erf_split {
            large
        } else {
            self.erf_small(x)
        }
    }

    /// See [`normal_cdf`].
    #[inline(always)]
    pub fn normal_cdf(&self, x: f32) -> f32 {
        let u = x * self.sqrt_half;
        let t = u.abs();
        let tail = self.half * self.erfc_large(t);
        let large = if x < self.zero { tail } else { self.one - tail };
        if t > self.erf_split {
            large
        } else {
            self.half + self.half * self.erf_small(u)
        }
    }

    /// See [`normal_density`].
    #[inline(always)]
    pub fn normal_density(&self, x: f32) -> f32 {
        self.normal_density[0] * self.exp(-self.half * x * x)
    }

    /// See [`gelu`].
    #[inline(always)]
    pub fn gelu(&self, x: f32) -> f32 {
        let cdf = self.normal_cdf(x);
        // -inf * 0 would be NaN; the limit is 0.
        if cdf == self.zero { -self.zero } else { x * cdf }
    }

    /// See [`gelu_derivative`].
    #[inline(always)]
    pub fn gelu_derivative(&self, x: f32) -> f32 {
        let [_, above, below] = self.normal_density;
        let near = if x > above { above } else { x };
        let near = if near < below { below } else { near };
        self.normal_cdf(x) + near * self.normal_density(near)
    }

    /// See [`relu`].
    #[inline(always)]
    pub fn relu(&self, x: f32) -> f32 {
        f32::from_bits(if x < self.zero { 0 } else { x.to_bits() })
    }
}

macro_rules! of_a_number {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(x: f32) -> f32 {
            FUNCTIONS.$name(x)
        }
    )*};
}

of_a_number! {
    /// `e^x`.
    ///
    /// `x = n ln 2 + r`, `e^x = 2^n (1 + r + r^2 P(r))`. The power of two is applied in two halves, so that overflow
    /// and subnormal results come out of the last multiplication, rounded once.
    exp
    /// `e^x - 1`, accurate near 0.
    ///
    /// With `h = 2^(n - 1)`: `2 (h (e^r - 1) + (h - 1/2))`.
    expm1
    /// Natural logarithm.
    ///
    /// `x = 2^e (1 + f)` with `1 + f` in `[sqrt(1/2), sqrt(2))`, `log x = e ln 2 + f - f^2 / 2 + f^3 P(f)`.
    log
    /// `log(1 + x)`, accurate near 0.
    ///
    /// `w = 1 + x` rounded, then `log w` plus the first-order effect of that rounding, `(x - (w - 1)) / w`.
    log1p
    /// `log(1 + e^x) = max(x, 0) + log1p(e^-|x|)`.
    softplus
    /// The logistic function `1 / (1 + e^-x)`.
    ///
    /// With `t = e^-|x|`: `1 / (1 + t)` or, for negative `x`, `t / (1 + t)`; nothing overflows and nothing cancels.
    sigmoid
    /// Hyperbolic tangent: an odd polynomial below 0.625, `1 - 2 / (e^2|x| + 1)` above.
    tanh
    /// `max(x, 0)`; NaN stays NaN.
    relu
    /// The error function `2 / sqrt(pi) * integral of e^-u^2 from 0 to x`: an odd polynomial up to 0.928, `1 - e^P(x)` above.
    erf
    /// The standard normal distribution function `Phi(x) = (1 + erf(x / sqrt 2)) / 2`, without cancellation for
    /// negative `x`: the absolute error stays below 1e-7 and shrinks with the value (relative below 1e-4 down to -5).
    normal_cdf
    /// The standard normal density `e^(-x^2 / 2) / sqrt(2 pi)`.
    normal_density
    /// The exact Gaussian error linear unit `x * Phi(x)` (`approximate=False` in Keras).
    ///
    /// For negative `x` the absolute error is below 1e-7, and below `1e-4 |gelu(x)| + 1e-10`.
    gelu
    /// The derivative of [`gelu`]: `Phi(x) + x phi(x)`.
    gelu_derivative
}

macro_rules! over_slices {
    ($($of:literal $scalar:ident $slice:ident $in_place:ident)*) => {$(
        multiversion! {
            #[doc = concat!("`dst[i] = ", $of, "` for every `i`; the lengths must agree.")]
            pub fn $slice(dst: &mut [f32], src: &[f32]) {
                assert_eq!(dst.len(), src.len(), "source and destination differ in length");
                let f = functions();
                for (d, &s) in dst.iter_mut().zip(src) {
                    *d = f.$scalar(s);
                }
            }

            #[doc = concat!("`x[i] = ", $of, "`, in place.")]
            pub fn $in_place(x: &mut [f32]) {
                let f = functions();
                for v in x {
                    *v = f.$scalar(*v);
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
