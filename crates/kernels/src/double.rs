//! The elementary functions that are computed in `f64`, number by number: those of angles, powers, and `exp` and `log` for sums that
//! are kept in `f64`. They are part of [`elementary`](super::elementary).
#![allow(clippy::excessive_precision, reason = "coefficients are written as published")]

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
