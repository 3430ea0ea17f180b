//! Regularisers and ties: `Σ l1 |w| + l2 w² + strength (a - b)²`.

use std::ops::Range;

use crate::{
    gradients::Buffer,
    ids::ParameterId,
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

/// Adds the gradient of the penalty. With `lazy_rows`, a table has it on those rows alone that the pass has touched: the others
/// are not updated in this step.
pub fn add_gradients(plan: &Plan, values: &[f32], gradients: &mut Buffer<'_>, lazy_rows: bool) {
    for (index, spec) in plan.parameters.iter().enumerate() {
        if spec.regulariser.is_none() || !spec.trainable {
            continue;
        }
        let (l1, twice_l2) = (spec.regulariser.l1, 2.0 * spec.regulariser.l2);
        let values = &values[spec.range.clone()];
        each_part(gradients, ParameterId(index), lazy_rows, |gradients, range| {
            add_regulariser(gradients, &values[range], l1, twice_l2);
        });
    }
    for (tie, a, b) in ties(plan) {
        for (id, one, other) in [(tie.a, a, b), (tie.b, b, a)] {
            if !one.trainable {
                continue;
            }
            let (one, other) = (&values[one.range.clone()], &values[other.range.clone()]);
            each_part(gradients, id, lazy_rows, |gradients, range| {
                let pairs = one[range.clone()].iter().zip(&other[range]);
                for (gradient, (one, other)) in gradients.iter_mut().zip(pairs) {
                    *gradient += 2.0 * tie.strength * (one - other);
                }
            });
        }
    }
}

/// Calls `add` for the gradient of a parameter, or for that of each touched row, with its range within the parameter.
fn each_part(
    gradients: &mut Buffer<'_>,
    parameter: ParameterId,
    lazy_rows: bool,
    mut add: impl FnMut(&mut [f32], Range<usize>),
) {
    if lazy_rows && let Some((gradients, rows, width)) = gradients.add_to_rows(parameter) {
        for row in rows {
            let range = *row as usize * width..(*row as usize + 1) * width;
            add(&mut gradients[range.clone()], range);
        }
        return;
    }
    let gradients = gradients.add(parameter);
    let range = 0..gradients.len();
    add(gradients, range);
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
