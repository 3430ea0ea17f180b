//! Optimizers, schedules and clipping against what Keras computes (`tests/goldens/README.md`).

#[allow(dead_code, reason = "each test uses a part of it")]
mod goldens;

use goldens::read;
use mtl_engine::schedules::Schedule;
use mtl_program::clipping::Clipping;
use mtl_program::optimizers::{Optimizer, OptimizerConfig};
use serde::Deserialize;

fn check(what: &str, got: &[f32], expected: &[f32], relative: f32, absolute: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let difference = (got - expected).abs();
        assert!(
            difference <= relative * expected.abs() + absolute,
            "{what}, element {index}: got {got}, Keras has {expected}, they differ by {difference}"
        );
    }
}

#[derive(Deserialize)]
struct OptimizerCase {
    config: OptimizerConfig,
    learning_rate: f32,
    start: Vec<f32>,
    gradients: Vec<Vec<f32>>,
    values: Vec<Vec<f32>>,
}

#[test]
fn every_optimizer_follows_keras_for_24_steps() {
    let cases: Vec<OptimizerCase> = read("optimizers");
    for (key, _) in OptimizerConfig::OPTIONS {
        assert!(
            cases.iter().any(|case| case.config.key() == *key),
            "no golden case for {key}"
        );
    }
    for case in cases {
        let mut values = case.start.clone();
        let mut optimizer = Optimizer::new(&case.config, values.len());
        assert!(case.gradients.len() >= 20);
        for (step, (gradients, expected)) in case.gradients.iter().zip(&case.values).enumerate() {
            optimizer.apply(&mut values, gradients, case.learning_rate);
            // One step changes a value by about the learning rate (Adam) at most, which sets the scale of an error.
            let what = format!("{:?}, step {}", case.config, step + 1);
            check(&what, &values, expected, 1e-6, 3e-6 * case.learning_rate);
        }
    }
}

#[derive(Deserialize)]
struct ScheduleCase {
    name: String,
    config: Schedule,
    steps: Vec<u64>,
    factors: Vec<f32>,
}

#[test]
fn schedules_follow_keras() {
    for case in read::<ScheduleCase>("schedules") {
        let got: Vec<f32> = case
            .steps
            .iter()
            .map(|step| case.config.at(*step, 1000))
            .collect();
        check(&case.name, &got, &case.factors, 1e-6, 2e-7);
    }
}

#[derive(Deserialize)]
struct ClippingCase {
    config: Clipping,
    lengths: Vec<usize>,
    gradients: Vec<f32>,
    clipped: Vec<f32>,
}

#[test]
fn clipping_follows_keras() {
    for case in read::<ClippingCase>("clipping") {
        let mut gradients = case.gradients.clone();
        let mut start = 0;
        let parameters: Vec<_> = case
            .lengths
            .iter()
            .map(|length| {
                start += length;
                start - length..start
            })
            .collect();
        case.config.apply(&mut gradients, &parameters);
        check(
            &format!("{:?}", case.config),
            &gradients,
            &case.clipped,
            1e-6,
            0.0,
        );
    }
}
