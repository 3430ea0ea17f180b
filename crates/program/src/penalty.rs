//! Regularisers and ties: `Σ l1 |w| + l2 w² + strength (a - b)²`.

use crate::{
    plan::Plan,
    specs::{ParameterSpec, TieSpec},
};
use mtl_kernels::multiversion;

/// The penalty of parameters `values`.
pub fn value(plan: &Plan, values: &[f32]) -> f32 {
    let mut sum = 0.0_f64;
    for spec in regularised(plan) {
        let (l1, l2) = (f64::from(spec.regulariser.l1), f64::from(spec.regulariser.l2));
        let (mut absolute, mut squared) = (0.0, 0.0);
        for value in &values[spec.range.clone()] {
            let value = f64::from(*value);
            absolute += value.abs();
            squared += value * value;
        }
        sum += l1 * absolute + l2 * squared;
    }
    for (tie, a, b) in ties(plan) {
        let pairs = values[a.range.clone()].iter().zip(&values[b.range.clone()]);
        let squared: f64 = pairs.map(|(a, b)| f64::from(a - b) * f64::from(a - b)).sum();
        sum += f64::from(tie.strength) * squared;
    }
    sum as f32
}

/// Adds the gradient of the penalty.
pub fn add_gradients(plan: &Plan, values: &[f32], gradients: &mut [f32]) {
    for spec in regularised(plan).filter(|spec| spec.trainable) {
        let gradients = &mut gradients[spec.range.clone()];
        add_regulariser(
            gradients,
            &values[spec.range.clone()],
            spec.regulariser.l1,
            2.0 * spec.regulariser.l2,
        );
    }
    for (tie, a, b) in ties(plan) {
        for (one, other) in [(a, b), (b, a)] {
            if one.trainable {
                let pairs = values[one.range.clone()].iter().zip(&values[other.range.clone()]);
                for (gradient, (one, other)) in gradients[one.range.clone()].iter_mut().zip(pairs) {
                    *gradient += 2.0 * tie.strength * (one - other);
                }
            }
        }
    }
}

fn regularised(plan: &Plan) -> impl Iterator<Item = &ParameterSpec> {
    plan.parameters.iter().filter(|spec| !spec.regulariser.is_none())
}

fn ties(plan: &Plan) -> impl Iterator<Item = (&TieSpec, &ParameterSpec, &ParameterSpec)> {
    let active = plan.ties.iter().filter(|tie| tie.strength > 0.0);
    active.map(|tie| (tie, &plan.parameters[tie.a.0], &plan.parameters[tie.b.0]))
}

multiversion! {
    fn add_regulariser(gradients: &mut [f32], values: &[f32], l1: f32, twice_l2: f32) {
        for (gradient, value) in gradients.iter_mut().zip(values) {
            let sign = if *value > 0.0 { 1.0 } else if *value < 0.0 { -1.0 } else { 0.0 };
            *gradient += twice_l2 * value + l1 * sign;
        }
    }
}
