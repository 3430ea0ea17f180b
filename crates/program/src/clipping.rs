//! Gradient clipping, as Keras's `clipvalue`, `clipnorm` and `global_clipnorm` do it, with threshold c:
//! - value: g ← min(max(g, −c), c), element by element;
//! - norm, for each parameter tensor on its own: g ← g·c / max(‖g‖, c);
//! - global norm, over all parameters together: g ← g·c·min(1/‖g‖, 1/c).
//!
//! Norms are accumulated in `f64` in a fixed order. A norm that is not finite makes every gradient NaN, so that
//! divergence is not hidden.
//!
//! ```
//! use mtl_program::clipping::{Clipping, ClippingKind};
//! let clipping = Clipping { kind: ClippingKind::GlobalNorm, threshold: 1.0 };
//! let mut gradients = [3.0, 0.0, 4.0];
//! clipping.apply(&mut gradients, &[0..2, 2..3]);
//! assert_eq!(gradients, [0.6, 0.0, 0.8]);
//! ```

use std::ops::Range;

use crate::parts::Parts;

mtl_base::choice! {
    /// Quantity that is clipped.
    pub enum ClippingKind {
        /// No clipping.
        Off = "off", ["Off", "关闭"];
        /// Each element of the gradient (Keras's `clipvalue`).
        Value = "value", ["By value", "按数值"];
        /// Norm of each parameter's gradient (Keras's `clipnorm`).
        Norm = "norm", ["By norm of each parameter", "按每个参数的范数"];
        /// Norm of the gradient over all parameters (Keras's `global_clipnorm`).
        GlobalNorm = "global_norm", ["By global norm", "按全局范数"];
    }
}

mtl_base::settings! {
    /// Gradient clipping.
    pub struct Clipping {
        /// Quantity that is clipped.
        kind: ClippingKind = ClippingKind::Off, Choice { options: ClippingKind::OPTIONS },
            ["Gradient clipping", "梯度裁剪"],
            ["The quantity that is limited to the threshold.", "把哪个量限制在阈值以内。"];
        /// The threshold.
        threshold: f32 = 1.0, Real { min: 1e-6, max: 1e6, step: 0.1 },
            ["Threshold c", "阈值 c"],
            ["Largest element or norm that stays unchanged.", "不被改变的最大元素或范数。"];
    }
}

impl Clipping {
    /// Clips `gradients`; `parameters` are the ranges of the parameter tensors in it. Elements outside all of them
    /// (frozen parameters) are neither counted nor changed.
    pub fn apply(&self, gradients: &mut [f32], parameters: &[Range<usize>]) {
        let _ = self.apply_to(gradients, parameters.iter().map(std::slice::from_ref));
    }

    /// As [`Clipping::apply`], where elements outside the parts are zero or frozen. False when a norm is not finite: then
    /// no element is what it was, zeros neither.
    pub fn apply_parts(&self, gradients: &mut [f32], parts: &Parts) -> bool {
        self.apply_to(gradients, parts.parameters())
    }

    fn apply_to<'a>(
        &self,
        gradients: &mut [f32],
        parameters: impl Iterator<Item = &'a [Range<usize>]> + Clone,
    ) -> bool {
        let c = self.threshold;
        let squares = |gradients: &[f32], parameter: &[Range<usize>]| -> f64 {
            let ranges = parameter.iter();
            ranges
                .map(|range| sum_of_squares(&gradients[range.clone()]))
                .sum()
        };
        let mut is_finite = true;
        match self.kind {
            ClippingKind::Off => {}
            ClippingKind::Value => {
                for range in parameters.flatten() {
                    clip_values(&mut gradients[range.clone()], c);
                }
            }
            ClippingKind::Norm => {
                for parameter in parameters {
                    let norm = norm_of(squares(gradients, parameter));
                    is_finite &= norm.is_finite();
                    let divisor = if norm.is_nan() { norm } else { norm.max(c) };
                    for range in parameter {
                        for gradient in &mut gradients[range.clone()] {
                            *gradient = *gradient * c / divisor;
                        }
                    }
                }
            }
            ClippingKind::GlobalNorm => {
                let sum = parameters
                    .clone()
                    .map(|parameter| squares(gradients, parameter))
                    .sum();
                let factor = self.global_factor(norm_of(sum));
                is_finite = factor.is_finite();
                for range in parameters.flatten() {
                    scale(&mut gradients[range.clone()], factor);
                }
            }
        }
        is_finite
    }

    /// Factor that global clipping applies to a gradient of norm `norm`; NaN when the norm is not finite.
    pub fn global_factor(&self, norm: f32) -> f32 {
        if !norm.is_finite() {
            return f32::NAN;
        }
        self.threshold * (1.0 / norm).min(1.0 / self.threshold)
    }
}

/// Σ g² in `f64`, in eight interleaved sums whose order does not depend on the machine.
pub fn sum_of_squares(gradients: &[f32]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    let chunks = gradients.chunks_exact(8);
    let rest = chunks.remainder();
    for chunk in chunks {
        for (lane, gradient) in lanes.iter_mut().zip(chunk) {
            *lane += f64::from(*gradient) * f64::from(*gradient);
        }
    }
    for (lane, gradient) in lanes.iter_mut().zip(rest) {
        *lane += f64::from(*gradient) * f64::from(*gradient);
    }
    lanes.iter().sum()
}

/// g ← g·factor.
pub fn scale(gradients: &mut [f32], factor: f32) {
    for gradient in gradients {
        *gradient *= factor;
    }
}

/// g ← min(max(g, −limit), limit); NaN stays.
pub fn clip_values(gradients: &mut [f32], limit: f32) {
    for gradient in gradients {
        *gradient = gradient.clamp(-limit, limit);
    }
}

fn norm_of(sum_of_squares: f64) -> f32 {
    sum_of_squares.sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: ClippingKind, threshold: f32, gradients: &[f32], expected: &[f32]) {
        let mut clipped = gradients.to_vec();
        Clipping { kind, threshold }.apply(&mut clipped, &[0..2, 2..4]);
        for (got, want) in clipped.iter().zip(expected) {
            assert!(
                (got - want).abs() <= 1e-6 * want.abs(),
                "{kind:?}: {clipped:?}, want {expected:?}"
            );
        }
    }

    #[test]
    fn each_kind() {
        let gradients = [3.0, -4.0, 0.3, 0.4];
        check(ClippingKind::Off, 1.0, &gradients, &gradients);
        check(ClippingKind::Value, 0.35, &gradients, &[0.35, -0.35, 0.3, 0.35]);
        check(ClippingKind::Norm, 1.0, &gradients, &[0.6, -0.8, 0.3, 0.4]);
        let norm = (25.25_f32).sqrt();
        check(
            ClippingKind::GlobalNorm,
            1.0,
            &gradients,
            &gradients.map(|g| g / norm),
        );
        check(ClippingKind::GlobalNorm, 10.0, &gradients, &gradients);
        for kind in [ClippingKind::Norm, ClippingKind::GlobalNorm] {
            check(kind, 1.0, &[0.0; 4], &[0.0; 4]);
        }
    }

    #[test]
    fn the_parts_that_are_not_zero_are_enough() {
        let gradients: Vec<f32> = (0..24)
            .map(|index| match index {
                4..8 | 12..16 => index as f32 * 0.3 - 2.0,
                20.. => 0.7,
                _ => 0.0,
            })
            .collect();
        let mut parts = Parts::default();
        parts.push_rows(0, 4, &[1, 3]);
        parts.push_whole(20..24);
        for kind in ClippingKind::ALL {
            let clipping = Clipping {
                kind: *kind,
                threshold: 0.5,
            };
            let (mut whole, mut some) = (gradients.clone(), gradients.clone());
            clipping.apply(&mut whole, &[0..20, 20..24]);
            clipping.apply_parts(&mut some, &parts);
            for (some, whole) in some.iter().zip(&whole) {
                assert!(
                    (some - whole).abs() <= 1e-6 * whole.abs(),
                    "{kind:?}: {some}, not {whole}"
                );
            }
        }
    }

    #[test]
    fn divergence_is_not_hidden() {
        for kind in [ClippingKind::Norm, ClippingKind::GlobalNorm] {
            for bad in [f32::NAN, f32::INFINITY] {
                let mut gradients = [bad, 1.0];
                Clipping { kind, threshold: 1.0 }.apply(&mut gradients, std::slice::from_ref(&(0..2)));
                assert!(gradients[0].is_nan(), "{kind:?} {bad}: {gradients:?}");
            }
        }
    }

    #[test]
    fn frozen_elements_stay_and_do_not_count() {
        let mut gradients = [3.0, 4.0, 1000.0];
        Clipping {
            kind: ClippingKind::GlobalNorm,
            threshold: 1.0,
        }
        .apply(&mut gradients, std::slice::from_ref(&(0..2)));
        assert_eq!(gradients[2], 1000.0);
        assert!((gradients[0] - 0.6).abs() < 1e-6);
    }
}
