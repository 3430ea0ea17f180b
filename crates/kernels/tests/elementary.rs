//! The project's elementary functions against `f64` over the whole range of `f32`, and their bits.
#![allow(
    clippy::disallowed_methods,
    reason = "the platform's f64 functions are the reference here"
)]

use mtl_kernels::elementary as own;

/// Every `stride`-th bit pattern, both signs, so every exponent, with the edges that matter.
fn samples() -> impl Iterator<Item = f32> {
    let edges = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        2.0,
        0.625,
        0.927_734_4,
        88.0,
        88.722_83,
        88.722_84,
        88.73,
        89.0,
        -87.33,
        -87.34,
        -103.9,
        -103.97,
        -104.0,
        1.0e-8,
        2.0e-8,
        1.0e-45,
        1.2e-38,
        f32::MAX,
        f32::MIN,
        f32::MIN_POSITIVE,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    let near = edges.into_iter().flat_map(|x: f32| {
        (-40i32..=40).map(move |d| f32::from_bits((x.to_bits() as i32).wrapping_add(d) as u32))
    });
    (0..=u32::MAX)
        .step_by(1_499)
        .map(f32::from_bits)
        .chain(near)
        .filter(|x| !x.is_nan())
}

/// |got - want| in units of the last place of `want` as an `f32`.
fn ulps(got: f32, want: f64) -> f64 {
    if got.is_nan() || want.is_nan() {
        return if got.is_nan() && want.is_nan() {
            0.0
        } else {
            f64::INFINITY
        };
    }
    let rounded = want as f32;
    if rounded.is_infinite() || got.is_infinite() {
        // An overflow one step early or late is one unit.
        let largest = |x: f32| x.is_infinite() || x.abs() == f32::MAX;
        let same_side = largest(rounded) && largest(got) && (rounded > 0.0) == (got > 0.0);
        return if rounded == got {
            0.0
        } else if same_side {
            1.0
        } else {
            f64::INFINITY
        };
    }
    let exponent = (rounded.abs().max(f32::MIN_POSITIVE).to_bits() >> 23) as i32 - 127;
    (f64::from(got) - want).abs() / 2f64.powi(exponent - 23)
}

#[track_caller]
fn check(name: &str, f: fn(f32) -> f32, reference: fn(f64) -> f64, limit: f64, domain: fn(f32) -> bool) {
    let mut worst = (0.0, 0.0);
    for x in samples().filter(|&x| domain(x)) {
        let error = ulps(f(x), reference(f64::from(x)));
        if error > worst.0 {
            worst = (error, x);
        }
    }
    assert!(
        worst.0 <= limit,
        "{name}: {} ulp at {:e} ({} instead of {})",
        worst.0,
        worst.1,
        f(worst.1),
        reference(f64::from(worst.1))
    );
    assert!(f(f32::NAN).is_nan(), "{name}(NaN)");
}

fn everywhere(_: f32) -> bool {
    true
}

/// `erfc` by its series or continued fraction, to about 1e-15.
fn erfc_reference(x: f64) -> f64 {
    if x < 0.0 {
        return 2.0 - erfc_reference(-x);
    }
    if x > 27.5 {
        return 0.0;
    }
    let scale = (-x * x).exp() / std::f64::consts::PI.sqrt();
    if x < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..120 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        1.0 - 2.0 * scale * sum
    } else {
        let fraction = (1..200).rev().fold(x, |tail, n| x + f64::from(n) / 2.0 / tail);
        scale / fraction
    }
}

fn erf_reference(x: f64) -> f64 {
    if x.abs() < 1.0 {
        let (mut term, mut sum) = (x, x);
        for n in 1..60 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return sum * 2.0 / std::f64::consts::PI.sqrt();
    }
    1.0 - erfc_reference(x)
}

fn gelu_reference(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        -0.0
    } else {
        x * 0.5 * erfc_reference(-x / 2f64.sqrt())
    }
}

fn gelu_derivative_reference(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    0.5 * erfc_reference(-x / 2f64.sqrt()) + x.clamp(-60.0, 60.0) * density
}

#[test]
fn exponentials() {
    check("exp", own::exp, f64::exp, 1.1, everywhere);
    check("expm1", own::expm1, f64::exp_m1, 1.8, everywhere);
    assert_eq!(own::exp(0.0), 1.0);
    assert_eq!(own::exp(f32::NEG_INFINITY), 0.0);
    assert_eq!(own::exp(f32::INFINITY), f32::INFINITY);
    assert_eq!(own::expm1(-0.0).to_bits(), (-0.0f32).to_bits());
}

#[test]
fn logarithms() {
    check("log", own::log, f64::ln, 1.1, everywhere);
    check("log1p", own::log1p, f64::ln_1p, 1.8, everywhere);
    let softplus = |x: f64| x.max(0.0) + (-x.abs()).exp().ln_1p();
    check("softplus", own::softplus, softplus, 1.8, everywhere);
    assert_eq!(own::log(1.0), 0.0);
    assert_eq!(own::log(0.0), f32::NEG_INFINITY);
    assert_eq!(own::log1p(-1.0), f32::NEG_INFINITY);
    assert!(own::log(-1.0e-40).is_nan());
}

#[test]
fn squashing_functions() {
    check(
        "sigmoid",
        own::sigmoid,
        |x| {
            if x < 0.0 {
                x.exp() / (1.0 + x.exp())
            } else {
                1.0 / (1.0 + (-x).exp())
            }
        },
        2.6,
        everywhere,
    );
    check("tanh", own::tanh, f64::tanh, 2.0, everywhere);
    assert_eq!(own::tanh(-0.0).to_bits(), (-0.0f32).to_bits());
    assert_eq!(own::tanh(f32::NEG_INFINITY), -1.0);
    assert_eq!(own::sigmoid(0.0), 0.5);
}

#[test]
fn gaussian_functions() {
    check("erf", own::erf, erf_reference, 2.0, everywhere);
    check("gelu, x >= 0", own::gelu, gelu_reference, 3.0, |x| x >= 0.0);
    for x in samples().filter(|&x| x < 0.0) {
        let (got, want) = (f64::from(own::gelu(x)), gelu_reference(f64::from(x)));
        let allowed = (1.0e-4 * want.abs() + 1.0e-10).min(1.0e-7);
        assert!(
            (got - want).abs() <= allowed,
            "gelu({x:e}) = {got:e} instead of {want:e}"
        );
    }
    for x in samples() {
        let (got, want) = (
            f64::from(own::gelu_derivative(x)),
            gelu_derivative_reference(f64::from(x)),
        );
        assert!(
            (got - want).abs() <= 3.0e-7,
            "gelu'({x:e}) = {got:e} instead of {want:e}"
        );
    }
    assert!(own::gelu(f32::NAN).is_nan() && own::gelu_derivative(f32::NAN).is_nan());
}

#[test]
fn trigonometric_functions() {
    check("sin", own::sin, f64::sin, 0.7, |x| x.abs() <= 1.6e6);
    check("cos", own::cos, f64::cos, 0.7, |x| x.abs() <= 1.6e6);
    assert!(own::sin(f32::INFINITY).is_nan() && own::cos(f32::NEG_INFINITY).is_nan());
    assert!(samples().all(|x| x.is_infinite() || (own::sin(x).abs() <= 1.0 && own::cos(x).abs() <= 1.0)));
}

#[test]
fn double_precision() {
    let ulps_f64 = |got: f64, want: f64| {
        if got == want {
            0.0
        } else {
            (got - want).abs() / (want.abs().max(f64::MIN_POSITIVE) * f64::EPSILON)
        }
    };
    for i in -74_500i32..71_000 {
        let x = f64::from(i) * 0.01 + 0.000_123;
        let (got, want) = (own::exp_f64(x), x.exp());
        assert!(
            ulps_f64(got, want) <= 1.5 || want.is_infinite() && got.is_infinite(),
            "exp({x}) = {got:e}, {want:e}"
        );
        // Around 1, over the whole range, and subnormal.
        for y in [1.0 + x * 1.0e-4, want, f64::from_bits(i.unsigned_abs().into())] {
            if y > 0.0 && y.is_finite() {
                assert!(ulps_f64(own::log_f64(y), y.ln()) <= 1.5, "log({y:e})");
            }
        }
    }
    assert_eq!(own::log_f64(0.0), f64::NEG_INFINITY);
    assert!(own::log_f64(-1.0).is_nan() && own::exp_f64(f64::NAN).is_nan());
    assert_eq!(own::exp_f64(f64::INFINITY), f64::INFINITY);
    assert_eq!(own::exp_f64(f64::NEG_INFINITY), 0.0);
}

#[test]
fn powers() {
    let exponents = [
        -3.0,
        -2.5,
        -1.0,
        -0.5,
        0.0,
        0.333,
        0.5,
        1.0,
        2.0,
        3.0,
        17.0,
        1000.0,
        -1000.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
    ];
    for x in samples().step_by(97) {
        for y in exponents {
            let (got, want) = (own::pow(x, y), f64::from(x).powf(f64::from(y)));
            assert!(ulps(got, want) <= 0.7, "{x:e}^{y} = {got:e} instead of {want:e}");
        }
    }
    for special in [
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        -2.0,
        f32::NAN,
    ] {
        for y in exponents.into_iter().chain([f32::NAN]) {
            let (got, want) = (own::pow(special, y), special.powf(y));
            assert!(
                got.to_bits() == want.to_bits() || got.is_nan() && want.is_nan(),
                "{special}^{y}: {got}, {want}"
            );
        }
    }
}

type Slices = (fn(f32) -> f32, fn(&mut [f32], &[f32]), fn(&mut [f32]));

const OVER_SLICES: [Slices; 11] = [
    (own::relu, own::relu_slice, own::relu_in_place),
    (own::exp, own::exp_slice, own::exp_in_place),
    (own::expm1, own::expm1_slice, own::expm1_in_place),
    (own::log, own::log_slice, own::log_in_place),
    (own::log1p, own::log1p_slice, own::log1p_in_place),
    (own::softplus, own::softplus_slice, own::softplus_in_place),
    (own::sigmoid, own::sigmoid_slice, own::sigmoid_in_place),
    (own::tanh, own::tanh_slice, own::tanh_in_place),
    (own::erf, own::erf_slice, own::erf_in_place),
    (own::gelu, own::gelu_slice, own::gelu_in_place),
    (
        own::gelu_derivative,
        own::gelu_derivative_slice,
        own::gelu_derivative_in_place,
    ),
];

#[test]
fn a_slice_has_the_bits_of_its_scalars() {
    let inputs: Vec<f32> = samples().step_by(7).chain([f32::NAN]).collect();
    for (scalar, slice, in_place) in OVER_SLICES {
        // Odd offsets and lengths, so that every element is met in a vector and in a tail.
        for start in [0, 1, 3, 6] {
            let src = &inputs[start..inputs.len() - start];
            let mut dst = vec![0.0; src.len()];
            slice(&mut dst, src);
            let mut same = src.to_vec();
            in_place(&mut same);
            for ((&x, &y), &z) in src.iter().zip(&dst).zip(&same) {
                let want = std::hint::black_box(scalar)(x);
                let equal = |a: f32| a.to_bits() == want.to_bits() || a.is_nan() && want.is_nan();
                assert!(
                    equal(y) && equal(z),
                    "at {x:e}: {y:e} and {z:e} instead of {want:e}"
                );
            }
        }
    }
}
