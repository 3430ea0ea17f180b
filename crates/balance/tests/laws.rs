//! What holds for every method, whatever comes: finite weights, nothing from the other tasks, the same bits after a
//! restored state and in another run, and what the methods are to each other where they agree.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;

use common::{balancer, config, direction, step, step_with, weights};
use mtl_balance::{BalanceConfig, BalanceOptions, Balancer, Needs, Setup, StateError};
use mtl_base::settings::Settings;
use mtl_kernels::random::Random;

const STRIDE: usize = 64;

fn methods() -> impl Iterator<Item = &'static str> {
    BalanceConfig::OPTIONS.iter().map(|(key, _)| *key)
}

fn gradients(n: usize, random: &mut Random) -> Vec<f32> {
    (0..n * STRIDE).map(|_| random.normal()).collect()
}

/// A few steps with everything that a run tells a balancer.
fn run(balancer: &mut Balancer, steps: std::ops::Range<u64>) -> Vec<f64> {
    let n = balancer.n_tasks();
    let mut seen = Vec::new();
    for number in steps {
        let mut random = Random::new(number);
        let values = gradients(n, &mut random);
        let losses: Vec<f64> = (0..n).map(|_| 0.1 + random.uniform_f64()).collect();
        seen.extend(step(balancer, number, &losses, &values, STRIDE));
        seen.extend(direction(balancer, &values, STRIDE).into_iter().map(f64::from));
        if balancer.needs_losses_after() {
            let after: Vec<f64> = losses
                .iter()
                .map(|loss| loss * (0.8 + 0.3 * random.uniform_f64()))
                .collect();
            balancer.after_step(&after);
        }
        if number % 3 == 2 {
            balancer.end_epoch(&losses);
        }
    }
    seen
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn a_restored_balancer_goes_on_with_the_same_bits() {
    for method in methods() {
        let settings: &[(&str, &str)] = match method {
            "selective" => &[("warm_up_steps", "4"), ("decay", "0.3")],
            "stch" => &[("warm_up_epochs", "2")],
            _ => &[],
        };
        let mut whole = balancer(method, settings, 3);
        run(&mut whole, 0..10);
        // Through a file.
        let text = serde_json::to_string(&whole.state()).unwrap();
        let mut restored = balancer(method, settings, 3);
        restored.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(restored.state(), whole.state(), "{method}");
        let (expected, found) = (run(&mut whole, 10..20), run(&mut restored, 10..20));
        assert_eq!(bits(&found), bits(&expected), "{method}");
        assert_eq!(restored.state(), whole.state(), "{method}");
    }
}

#[test]
fn a_state_of_another_balancer_is_refused() {
    let mut three = balancer("uncertainty", &[], 3);
    let before = three.state();
    let error = three.restore(&balancer("famo", &[], 3).state()).unwrap_err();
    assert!(
        matches!(
            error,
            StateError::Method {
                expected: "uncertainty",
                ..
            }
        ),
        "{error}"
    );
    let error = three
        .restore(&balancer("uncertainty", &[], 2).state())
        .unwrap_err();
    assert!(
        matches!(
            error,
            StateError::Length {
                slot: 0,
                expected: 3,
                got: 2,
                ..
            }
        ),
        "{error}"
    );
    let mut shorter = three.state();
    shorter.slots.pop();
    assert!(three.restore(&shorter).is_err());
    let mut longer = three.state();
    longer.slots.push(vec![1.0]);
    assert!(three.restore(&longer).is_err());
    assert_eq!(three.state(), before);
}

#[test]
fn weights_are_finite_whatever_comes() {
    let mut random = Random::new(11);
    for method in methods() {
        for n in [1, 2, 3, 10] {
            let whole = gradients(n, &mut random);
            let first = &whole[..STRIDE];
            let row = |factor: f32| first.iter().map(move |value| value * factor);
            // Name, and rows of gradients.
            let cases: Vec<(&str, Vec<f32>)> = vec![
                ("random", whole.clone()),
                ("all zero", vec![0.0; n * STRIDE]),
                ("identical", (0..n).flat_map(|_| row(1.0)).collect()),
                (
                    "parallel",
                    (0..n).flat_map(|task| row(1.0 + task as f32)).collect(),
                ),
                (
                    "opposed",
                    (0..n)
                        .flat_map(|task| row(if task % 2 == 0 { 1.0 } else { -1.0 }))
                        .collect(),
                ),
                (
                    "opposed, of other lengths",
                    (0..n)
                        .flat_map(|task| row(if task % 2 == 0 { 1e3 } else { -1e-3 }))
                        .collect(),
                ),
                (
                    "one zero",
                    whole
                        .iter()
                        .enumerate()
                        .map(|(index, value)| if index < STRIDE { 0.0 } else { *value })
                        .collect(),
                ),
                ("tiny", whole.iter().map(|value| value * 1e-18).collect()),
                ("huge", whole.iter().map(|value| value * 1e15).collect()),
                (
                    "of two directions",
                    (0..n)
                        .flat_map(|task| {
                            (0..STRIDE).map(move |column| {
                                if column == 0 {
                                    (task as f32).cos()
                                } else if column == 1 {
                                    (task as f32).sin()
                                } else {
                                    0.0
                                }
                            })
                        })
                        .collect(),
                ),
                (
                    "of other scales",
                    whole
                        .iter()
                        .enumerate()
                        .map(|(index, value)| value * 10_f32.powi((index / STRIDE) as i32 * 2 - 8))
                        .collect(),
                ),
            ];
            for (name, values) in cases {
                for losses in [
                    vec![1.0; n],
                    vec![0.0; n],
                    vec![1e-30; n],
                    vec![1e30; n],
                    vec![-0.5; n],
                ] {
                    let mut balancer = balancer(method, &[], n);
                    let place = format!("{method}, {n} tasks, {name}, losses {}", losses[0]);
                    for number in 0..3 {
                        let weights = step(&mut balancer, number, &losses, &values, STRIDE);
                        assert!(
                            weights.iter().all(|weight| weight.is_finite()),
                            "{place}: {weights:?}"
                        );
                        assert!(
                            balancer.objective().is_finite(),
                            "{place}: {}",
                            balancer.objective()
                        );
                        direction(&mut balancer, &values, STRIDE);
                        balancer.after_step(&losses);
                        balancer.end_epoch(&losses);
                        let state = balancer.state();
                        let mut learned = state.slots.iter().flatten();
                        assert!(learned.all(|value| value.is_finite()), "{place}: {state:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_a_number_reaches_the_run_and_not_the_balancer() {
    for method in methods() {
        let mut balancer = balancer(method, &[], 3);
        let mut values = gradients(3, &mut Random::new(5));
        values[STRIDE + 3] = f32::NAN;
        let found = step(&mut balancer, 0, &[1.0, f64::NAN, 0.5], &values, STRIDE);
        assert!(
            found.iter().all(|weight| weight.is_finite()),
            "{method}: {found:?}"
        );
        balancer.after_step(&[1.0, f64::NAN, 0.5]);
        balancer.end_epoch(&[1.0, f64::NAN, 0.5]);
        let state = balancer.state();
        assert!(
            state.slots.iter().flatten().all(|value| value.is_finite()),
            "{method}: {state:?}"
        );
    }
}

#[test]
fn a_task_without_a_label_has_no_weight_and_changes_nothing() {
    for method in methods() {
        let mut random = Random::new(21);
        let values = gradients(3, &mut random);
        // The other tasks get what they would get if they were alone.
        let mut without = values.clone();
        without[STRIDE..2 * STRIDE].fill(1e9);
        let labelled = [true, false, true];
        let mut one = balancer(method, &[], 3);
        let mut other = balancer(method, &[], 3);
        let found = step_with(&mut one, 0, &[1.0, f64::NAN, 0.5], &labelled, &values, STRIDE);
        let expected = step_with(&mut other, 0, &[1.0, 7.0, 0.5], &labelled, &without, STRIDE);
        assert_eq!(found, expected, "{method}");
        assert_eq!(found[1], 0.0, "{method}");
        assert_eq!(
            direction(&mut one, &values, STRIDE),
            direction(&mut other, &without, STRIDE),
            "{method}"
        );
        for (slot, values) in one.config().slots().iter().zip(&one.state().slots) {
            let fresh = balancer(method, &[], 3).state();
            if values.len() == 3 {
                let position = one
                    .config()
                    .slots()
                    .iter()
                    .position(|other| other.key == slot.key)
                    .unwrap();
                assert_eq!(values[1], fresh.slots[position][1], "{method}: {}", slot.key);
            }
        }
        // No task with a label at all.
        let none = step_with(&mut one, 1, &[f64::NAN; 3], &[false; 3], &values, STRIDE);
        assert_eq!(none, [0.0; 3], "{method}");
        assert!(
            direction(&mut one, &values, STRIDE)
                .iter()
                .all(|value| *value == 0.0),
            "{method}"
        );
    }
}

#[test]
fn one_task_is_trained_as_if_alone() {
    let values = gradients(1, &mut Random::new(2));
    for method in methods() {
        let mut balancer = balancer(method, &[], 1);
        weights(&mut balancer, &values, STRIDE);
        let found = direction(&mut balancer, &values, STRIDE);
        let dot: f64 = found.iter().zip(&values).map(|(a, b)| f64::from(a * b)).sum();
        let (a, b) = (square(&found), square(&values));
        assert!(
            (dot / (a * b).sqrt() - 1.0).abs() < 1e-6,
            "{method}: another direction"
        );
        // Those that do not set the length of the step themselves.
        if ![
            "fairgrad",
            "nash_mtl",
            "scale_invariant",
            "stch",
            "db_mtl",
            "uncertainty",
        ]
        .contains(&method)
        {
            assert!(
                (a / b - 1.0).abs() < 1e-5 || method == "cagrad",
                "{method}: {}",
                a / b
            );
        }
    }
}

fn square(values: &[f32]) -> f64 {
    values.iter().map(|value| f64::from(*value).powi(2)).sum()
}

#[test]
fn settings_round_trip_and_have_labels_in_both_languages() {
    for method in methods() {
        let config = config(method, &[]);
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(
            serde_json::from_str::<BalanceConfig>(&text).unwrap(),
            config,
            "{text}"
        );
        for field in config.fields() {
            let value = config.get(field.key).unwrap();
            assert_eq!(
                field.accept(&value).unwrap(),
                value,
                "{method}: the default of {}",
                field.key
            );
        }
        let card = config.card();
        for text in [card.summary, card.caveat, config.label()] {
            assert!(!text.en.is_empty() && !text.zh.is_empty(), "{method}");
        }
        assert!(!card.formula.is_empty() && card.paper.year > 1990, "{method}");
        let per_task = matches!(config.needs(), Needs::Gram | Needs::Jacobian);
        assert_eq!(
            card.cost.backward_passes(5),
            if per_task { 5 } else { 1 },
            "{method}"
        );
        assert_eq!(
            card.cost.forward_passes(),
            if config.needs_losses_after() { 2 } else { 1 },
            "{method}"
        );
    }
}

#[test]
fn sum_and_mean_differ_by_the_number_of_tasks() {
    let values = gradients(4, &mut Random::new(9));
    for method in methods() {
        let setup = Setup {
            n_shared: STRIDE,
            ..Setup::with_tasks(4)
        };
        let of = |reduction: &str| {
            let mut options = BalanceOptions::default();
            let field = options
                .fields()
                .iter()
                .find(|field| field.key == "reduction")
                .unwrap();
            options
                .set("reduction", &field.parse(reduction).unwrap())
                .unwrap();
            let mut balancer = Balancer::new(&config(method, &[]), &options, &setup);
            weights(&mut balancer, &values, STRIDE);
            direction(&mut balancer, &values, STRIDE)
        };
        let (sum, mean, published) = (of("sum"), of("mean"), of("published"));
        assert!(published == sum || published == mean, "{method}");
        if sum != mean {
            for (sum, mean) in sum.iter().zip(&mean) {
                assert!(
                    (sum - 4.0 * mean).abs() <= 1e-5 * sum.abs().max(0.1),
                    "{method}: {sum} {mean}"
                );
            }
        }
    }
}

/// Weights of a method, divided by their sum.
fn shares(method: &str, settings: &[(&str, &str)], values: &[f32]) -> Vec<f64> {
    let found = weights(
        &mut balancer(method, settings, values.len() / STRIDE),
        values,
        STRIDE,
    );
    let total: f64 = found.iter().sum();
    found.iter().map(|weight| weight / total).collect()
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64], tolerance: f64) {
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() < tolerance, "{found:?} {expected:?}");
    }
}

#[test]
fn with_two_tasks_many_methods_are_one() {
    let mut random = Random::new(4);
    for _ in 0..50 {
        let mut values = gradients(2, &mut random);
        let scale = 10.0 * random.uniform();
        values[STRIDE..].iter_mut().for_each(|value| *value *= scale);
        let bisector = shares("imtl_g", &[], &values);
        let ratio = (square(&values[STRIDE..]) / square(&values[..STRIDE])).sqrt();
        assert_near(&bisector, &[ratio / (1.0 + ratio), 1.0 / (1.0 + ratio)], 1e-9);
        assert_near(&shares("nash_mtl", &[], &values), &bisector, 1e-8);
        assert_near(&shares("fairgrad", &[("alpha", "1")], &values), &bisector, 1e-8);
        assert_near(&shares("config", &[], &values), &bisector, 1e-9);
        let of = |method, settings: &[_]| weights(&mut balancer(method, settings, 2), &values, STRIDE);
        let pcgrad = of("pcgrad", &[]);
        let half: Vec<f64> = pcgrad.iter().map(|weight| weight / 2.0).collect();
        assert_near(&of("upgrad", &[("ridge", "0")]), &half, 1e-6);
        assert_near(&of("gradops", &[]), &pcgrad, 1e-9);
        assert_near(&of("gradvac", &[("beta", "0")]), &pcgrad, 1e-9);
        let mean = [0.5, 0.5];
        assert_near(&of("cagrad", &[("c", "0")]), &mean, 1e-12);
        assert_near(&of("conicgrad", &[("c", "1")]), &mean, 1e-6);
    }
}

#[test]
fn a_large_ball_is_mgda_and_dual_cones_hold_no_conflict() {
    let mut random = Random::new(6);
    for n in [2, 3, 5] {
        let values = gradients(n, &mut random);
        let mgda = shares("mgda", &[], &values);
        assert_near(
            &shares("cagrad", &[("c", "10"), ("rescale", "none")], &values),
            &mgda,
            0.1,
        );
        for method in [
            "mgda",
            "upgrad",
            "dual_proj",
            "imtl_g",
            "nash_mtl",
            "fairgrad",
            "config",
            "gradops",
            "aligned_mtl",
        ] {
            let mut balancer = balancer(method, &[], n);
            weights(&mut balancer, &values, STRIDE);
            let step = direction(&mut balancer, &values, STRIDE);
            for row in values.chunks(STRIDE) {
                let product: f64 = row.iter().zip(&step).map(|(a, b)| f64::from(a * b)).sum();
                let size = (square(row) * square(&step)).sqrt();
                assert!(product >= -1e-3 * size, "{method}: {product}");
            }
        }
    }
}

#[test]
fn draws_follow_the_seed_and_the_step() {
    // Without most of what they share, they conflict.
    let mut values = gradients(4, &mut Random::new(12));
    for column in 0..STRIDE {
        let mean = (0..4).map(|task| values[task * STRIDE + column]).sum::<f32>() / 4.0;
        (0..4).for_each(|task| values[task * STRIDE + column] -= 0.9 * mean);
    }
    for method in ["rlw", "graddrop", "pcgrad", "in_proportion"] {
        let draw = |seed: u64, number: u64| {
            let setup = Setup {
                seed,
                ..Setup::with_tasks(4)
            };
            let mut balancer = Balancer::new(&config(method, &[]), &BalanceOptions::default(), &setup);
            let weights = step(&mut balancer, number, &[1.0; 4], &values, STRIDE);
            (weights, direction(&mut balancer, &values, STRIDE))
        };
        assert_eq!(draw(1, 5), draw(1, 5), "{method}");
        assert!((0..20).any(|number| draw(1, number) != draw(1, 5)), "{method}");
        assert!((0..20).any(|seed| draw(seed, 5) != draw(1, 5)), "{method}");
    }
}

#[test]
fn graddrop_keeps_a_sign_as_often_as_it_is_pure() {
    // P = ½ (1 + (3 - 1) / 4) = ¾ in every column.
    let n_columns = 20_000;
    let mut values = vec![3.0; n_columns];
    values.extend(vec![-1.0; n_columns]);
    let mut balancer = balancer("graddrop", &[], 2);
    weights(&mut balancer, &values, n_columns);
    let kept = direction(&mut balancer, &values, n_columns);
    assert!(kept.iter().all(|value| [3.0, -1.0].contains(value)));
    let share = kept.iter().filter(|value| **value > 0.0).count() as f64 / n_columns as f64;
    assert!(
        (share - 0.75).abs() < 4.0 * (0.75_f64 * 0.25 / n_columns as f64).sqrt(),
        "{share}"
    );
}

#[test]
fn alternating_methods_train_one_group_and_meet_every_task() {
    for method in ["in_turn", "in_proportion", "selective"] {
        let mut balancer = balancer(method, &[], 4);
        let values = gradients(4, &mut Random::new(13));
        let mut trained = [0; 4];
        for number in 0..200 {
            let labelled = [true, number % 2 == 0, true, true];
            let found = step_with(&mut balancer, number, &[1.0; 4], &labelled, &values, STRIDE);
            let n_trained = found.iter().filter(|weight| **weight == 1.0).count();
            assert!(
                found.iter().all(|weight| [0.0, 1.0].contains(weight)),
                "{method}: {found:?}"
            );
            assert!(
                n_trained == 1 || (method == "selective" && n_trained > 0),
                "{method}: {found:?}"
            );
            for (count, weight) in trained.iter_mut().zip(&found) {
                *count += usize::from(*weight == 1.0);
            }
            balancer.after_step(&[0.9; 4]);
        }
        assert!(trained.iter().all(|count| *count >= 20), "{method}: {trained:?}");
    }
}
