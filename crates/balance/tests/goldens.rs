//! Every method against `tests/goldens/balance.json`: the same runs, computed by `generate_balance.py` from the
//! methods' definitions with gradients as vectors and other solvers.

use std::collections::BTreeSet;

use mtl_balance::{BalanceConfig, BalanceOptions, Balancer, Needs, Rows, Setup, StepInput, TaskKind};
use serde::Deserialize;

#[derive(Deserialize)]
struct Goldens {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    method: String,
    settings: serde_json::Map<String, serde_json::Value>,
    n_tasks: usize,
    kinds: Vec<TaskKind>,
    seed: u64,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    losses: Vec<f64>,
    labelled: Vec<bool>,
    jacobian: Vec<f32>,
    weights: Option<Vec<f64>>,
    objective: Option<f64>,
    direction: Vec<f64>,
    losses_after: Option<Vec<f64>>,
    epoch_means: Option<Vec<Loss>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Loss {
    Number(f64),
    Missing(String),
}

/// Of weights: the goldens have nine digits, scipy's minima about eight.
const TOLERANCE: f64 = 1e-6;
/// Of directions, which are summed in single precision.
const DIRECTION_TOLERANCE: f64 = 2e-5;

fn balancer(case: &Case) -> Balancer {
    let mut config = case.settings.clone();
    config.insert("type".into(), case.method.clone().into());
    let config: BalanceConfig = serde_json::from_value(config.into()).expect(&case.method);
    let setup = Setup {
        kinds: case.kinds.clone(),
        n_shared: case.steps[0].jacobian.len() / case.n_tasks,
        seed: case.seed,
        ..Setup::default()
    };
    Balancer::new(&config, &BalanceOptions::default(), &setup)
}

/// Says what differs.
fn differences(found: &[f64], expected: &[f64], tolerance: f64) -> Option<String> {
    let size = expected
        .iter()
        .fold(1e-3_f64, |size, value| size.max(value.abs()));
    let is_near = |(found, expected): (&f64, &f64)| (found - expected).abs() <= tolerance * size;
    let is_same = found.len() == expected.len() && found.iter().zip(expected).all(is_near);
    (!is_same).then(|| format!("{found:?}, expected {expected:?}"))
}

#[test]
fn every_method_is_what_its_definition_gives() {
    let text = include_str!("../../../tests/goldens/balance.json");
    let goldens: Goldens = serde_json::from_str(text).unwrap();
    let mut seen = BTreeSet::new();
    let mut failures: Vec<String> = Vec::new();
    for case in &goldens.cases {
        seen.insert(case.method.clone());
        let mut balancer = balancer(case);
        for (number, step) in case.steps.iter().enumerate() {
            let place = format!(
                "{} {:?}, {} tasks, step {number}",
                case.method, case.settings, case.n_tasks
            );
            let mut note = |what: &str, found: Option<String>| {
                failures.extend(found.map(|found| format!("{place}: {what} {found}")));
            };
            let columns = 0..step.jacobian.len() / case.n_tasks;
            let rows = Rows {
                values: &step.jacobian,
                stride: columns.len(),
                columns: std::slice::from_ref(&columns),
            };
            let input = StepInput {
                step: number as u64,
                losses: &step.losses,
                labelled: &step.labelled,
            };
            let weights = if balancer.needs() == Needs::Gram {
                let mut gram = vec![0.0; case.n_tasks * case.n_tasks];
                rows.gram(None, &mut gram);
                balancer.weights_from_gram(&input, &gram).to_vec()
            } else {
                balancer.weights_from_losses(&input).to_vec()
            };
            if let Some(expected) = &step.weights {
                note("weights", differences(&weights, expected, TOLERANCE));
            }
            if let Some(expected) = step.objective {
                note(
                    "objective",
                    differences(&[balancer.objective()], &[expected], TOLERANCE),
                );
            }
            let mut direction = vec![0.0; rows.stride];
            balancer.combine(&rows, &mut direction);
            let direction: Vec<f64> = direction.into_iter().map(f64::from).collect();
            note(
                "direction",
                differences(&direction, &step.direction, DIRECTION_TOLERANCE),
            );
            assert_eq!(
                step.losses_after.is_some(),
                balancer.needs_losses_after(),
                "{place}"
            );
            if let Some(losses) = &step.losses_after {
                balancer.after_step(losses);
            }
            if let Some(means) = &step.epoch_means {
                let means: Vec<f64> = means
                    .iter()
                    .map(|mean| match mean {
                        Loss::Number(mean) => *mean,
                        Loss::Missing(word) => word.parse().unwrap(),
                    })
                    .collect();
                balancer.end_epoch(&means);
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ:\n{}",
        failures.len(),
        failures.join("\n")
    );
    let listed: BTreeSet<String> = BalanceConfig::OPTIONS
        .iter()
        .map(|(key, _)| (*key).to_owned())
        .collect();
    assert_eq!(seen, listed, "every method has a golden");
}
