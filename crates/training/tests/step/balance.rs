//! Balancing within a run: what a method is given, what its answer does, and what stays as it is.

use mtl_balance::options::{BalanceOptions, Domain, Heads, Metric, Reduction};
use mtl_balance::{BalanceConfig, Balancer, Setup, StepInput};
use mtl_engine::design::Design;
use mtl_engine::layers::Layer;
use mtl_engine::model::{BuildOptions, Model};
use mtl_program::optimizers::OptimizerConfig;
use mtl_program::specs::Mode;
use mtl_training::protocol::RunSettings;
use mtl_training::{RunError, TrainingRun};

use crate::designs::{a_task_without_weight, presets_on_data, reviews, run, settings, three_tasks, train};

fn method(key: &str) -> BalanceConfig {
    BalanceConfig::from_key(key).unwrap_or_else(|| panic!("no method {key}"))
}

fn sgd(balance: BalanceConfig, balance_options: BalanceOptions) -> RunSettings {
    RunSettings {
        learning_rate: RATE,
        optimizer: OptimizerConfig::from_key("sgd").expect("an optimizer"),
        balance,
        balance_options,
        ..settings()
    }
}

const RATE: f32 = 0.05;

/// The three tasks with weights of their own and a penalty.
fn weighted(mut design: Design) -> Design {
    for node in &mut design.nodes {
        match &mut node.layer {
            Layer::Dense(dense) if node.name == "shared" => dense.l2 = 0.01,
            Layer::ClassesHead(head) if head.label == "sentiment" => head.weight = 0.5,
            Layer::RegressionHead(head) => head.weight = 2.0,
            _ => {}
        }
    }
    design
}

/// A step in `f64`, task by task, with a model of its own.
struct Reference {
    model: Model,
    balancer: Balancer,
    options: BalanceOptions,
}

impl Reference {
    fn new(run: &TrainingRun) -> Self {
        let settings = run.settings();
        let options = BuildOptions {
            max_rows: settings.batch_size,
            seed: settings.seed,
            training: true,
        };
        let schema = run.model().schema();
        let setup = Setup {
            seed: settings.seed,
            ..Setup::with_tasks(run.model().tasks().len())
        };
        Self {
            model: Model::build(run.design(), schema, &options).expect("as the run's"),
            balancer: Balancer::new(&settings.balance, &settings.balance_options, &setup),
            options: settings.balance_options.clone(),
        }
    }

    /// Values after a step on the batch of the run's last step, from `before`; the weights of the method; the Gram matrix.
    fn step(&mut self, run: &TrainingRun, before: &[f32]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let model = &mut self.model;
        model.values_mut().copy_from_slice(before);
        model.batch_mut().copy_from(run.model().batch());
        let step = run.report().step;
        model.forward(Mode::Train { step });
        let n_tasks = model.tasks().len();
        let own: Vec<f64> = model.task_weights().map(f64::from).collect();
        let gradients: Vec<Vec<f64>> = (0..n_tasks)
            .map(|task_idx| {
                let mut one = vec![0.0; n_tasks];
                one[task_idx] = 1.0;
                model.backward_tasks(&one);
                model
                    .gradients()
                    .iter()
                    .map(|number| f64::from(*number))
                    .collect()
            })
            .collect();
        let parameters = model.parameters().to_vec();
        let shared = || {
            let shared = parameters.iter().filter(|parameter| parameter.tasks.is_shared());
            shared.flat_map(|parameter| parameter.range.clone())
        };
        let mut gram = vec![0.0; n_tasks * n_tasks];
        for a in 0..n_tasks {
            for b in 0..n_tasks {
                let products = shared().map(|index| gradients[a][index] * gradients[b][index]);
                gram[a * n_tasks + b] = products.sum();
            }
        }
        let losses: Vec<f64> = model.losses().iter().map(|loss| f64::from(*loss)).collect();
        let labelled: Vec<bool> = model.labelled_rows().iter().map(|n| *n > 0).collect();
        let input = StepInput {
            step,
            losses: &losses,
            labelled: &labelled,
        };
        let weights = self.balancer.weights_from_gram(&input, &gram).to_vec();
        let mut values: Vec<f64> = before.iter().map(|value| f64::from(*value)).collect();
        model.backward_tasks(&vec![0.0; n_tasks]);
        model.add_penalty_gradients(false);
        for parameter in parameters.iter().filter(|parameter| parameter.trainable) {
            for index in parameter.range.clone() {
                let of_tasks = (0..n_tasks).map(|task_idx| {
                    let is_weighted = parameter.tasks.is_shared() || self.options.heads == Heads::Scaled;
                    let weight = if is_weighted { weights[task_idx] } else { 1.0 };
                    own[task_idx] * weight * gradients[task_idx][index]
                });
                let gradient = of_tasks.sum::<f64>() + f64::from(model.gradients()[index]);
                values[index] -= f64::from(RATE) * gradient;
            }
        }
        (values, weights, gram)
    }
}

fn assert_near(what: &str, got: impl IntoIterator<Item = f64>, expected: &[f64], tolerance: f64) {
    for (index, (got, expected)) in got.into_iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= tolerance * (1.0 + expected.abs()),
            "{what}[{index}]: {got}, not {expected}"
        );
    }
}

#[test]
fn methods_that_combine_gradients_agree_with_a_slow_reference() {
    let data = reviews(200, 0.3);
    let design = weighted(three_tasks(false));
    for key in ["pcgrad", "cagrad", "mgda", "imtl_g", "aligned_mtl", "upgrad"] {
        for heads in [Heads::SharedOnly, Heads::Scaled] {
            let options = BalanceOptions {
                heads,
                ..BalanceOptions::default()
            };
            let mut run = run(&design, &data, &sgd(method(key), options));
            let mut reference = Reference::new(&run);
            for step in 0..6 {
                let before = run.model().values().to_vec();
                run.train_step().expect("a step");
                let (values, weights, gram) = reference.step(&run, &before);
                let name = format!("{key}, {heads:?}, step {step}");
                assert_near(
                    &name,
                    run.model().values().iter().map(|value| f64::from(*value)),
                    &values,
                    2e-6,
                );
                let own = run.model().task_weights().map(f64::from);
                let weights: Vec<f64> = own.zip(weights).map(|(own, weight)| own * weight).collect();
                let shown = run.report().weights.iter().map(|weight| f64::from(*weight));
                assert_near(&name, shown, &weights, 1e-4);
                let n_tasks = weights.len();
                for (index, product) in gram.iter().enumerate() {
                    let got = run.report().gradient_product(index / n_tasks, index % n_tasks);
                    assert_near(&name, got, &[*product], 1e-5);
                }
            }
        }
    }
}

#[test]
fn equal_weights_are_the_weights_of_the_design_to_the_bit() {
    let data = reviews(200, 0.3);
    let design = weighted(three_tasks(true));
    let fingerprint = |settings: &RunSettings, measures: bool| {
        let mut run = run(&design, &data, settings);
        run.measure_tasks(measures).expect("there is memory");
        train(&mut run, 20);
        (run.fingerprint(), run.report().clone())
    };
    let (equal, report) = fingerprint(&settings(), false);
    assert_eq!(report.weights, [1.0, 0.5, 2.0]);
    assert_eq!(report.gradient_norm(0), None);
    let fixed = RunSettings {
        balance: method("fixed"),
        ..settings()
    };
    assert_eq!(fingerprint(&fixed, false).0, equal);
    // Whoever watches the gradients of single tasks changes nothing.
    let (watched, report) = fingerprint(&settings(), true);
    assert_eq!(watched, equal);
    assert!((0..3).all(|task_idx| report.gradient_norm(task_idx).is_some()));
    // None where a gradient is 0.
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let cosines: Vec<f64> = pairs
        .iter()
        .filter_map(|(a, b)| report.gradient_cosine(*a, *b))
        .collect();
    assert!(
        !cosines.is_empty() && cosines.iter().all(|cosine| cosine.abs() <= 1.0 + 1e-9),
        "{cosines:?}"
    );
}

#[test]
fn a_tasks_own_weight_multiplies_what_any_method_gives() {
    let data = reviews(200, 0.0);
    for (key, _) in BalanceConfig::OPTIONS {
        // The first step: later ones start from other parameters.
        let step = |weight: f32| {
            let mut design = three_tasks(false);
            for node in &mut design.nodes {
                match &mut node.layer {
                    Layer::ClassesHead(head) => head.weight = weight,
                    Layer::RegressionHead(head) => head.weight = weight,
                    _ => {}
                }
            }
            let mut run = run(&design, &data, &sgd(method(key), BalanceOptions::default()));
            let before = run.model().values().to_vec();
            run.train_step().expect("a step");
            let moved = run.model().values().iter().zip(before);
            moved
                .map(|(after, before)| f64::from(after - before))
                .collect::<Vec<_>>()
        };
        let (one, three) = (step(1.0), step(3.0));
        let largest = one
            .iter()
            .fold(0.0_f64, |largest, moved| largest.max(moved.abs()));
        assert!(largest > 0.0, "{key}");
        for (index, (one, three)) in one.iter().zip(&three).enumerate() {
            assert!(
                (3.0 * one - three).abs() < 1e-3 * largest + 1e-6,
                "{key} [{index}]: {one}, {three}"
            );
        }
    }
}

#[test]
fn a_task_without_weight_takes_no_part() {
    let data = reviews(200, 0.0);
    for (key, _) in BalanceConfig::OPTIONS {
        let balance = method(key);
        let settings = RunSettings {
            balance,
            ..settings()
        };
        let mut with = run(&a_task_without_weight(), &data, &settings);
        train(&mut with, 10);
        let weights = &with.report().weights;
        assert_eq!(weights[1], 0.0, "{key}: {weights:?}");
    }
}

/// Trains; a method may let the loss of a task grow, but not beyond all bounds.
fn train_finite(name: &str, run: &mut TrainingRun, n_steps: usize) {
    for step in 0..n_steps {
        match run.train_step() {
            Ok(_) => {}
            Err(RunError::Diverged { task, loss, .. }) => {
                panic!("{name}, step {step}: task {task} diverged, its loss is {loss}")
            }
            Err(error) => panic!("{name}: {error}"),
        }
        let report = run.report();
        let is_finite =
            report.weights.iter().all(|weight| weight.is_finite()) && report.objective.is_finite();
        assert!(is_finite, "{name}, step {step}: {report:?}");
    }
    assert!(
        run.model().values().iter().all(|value| value.is_finite()),
        "{name}"
    );
}

/// All combinations of options, one for each number.
fn options(number: usize) -> BalanceOptions {
    BalanceOptions {
        reduction: [Reduction::Published, Reduction::Sum, Reduction::Mean][number % 3],
        heads: [Heads::SharedOnly, Heads::Scaled][number / 3 % 2],
        domain: [Domain::Parameters, Domain::Representation][number / 6 % 2],
        metric: [Metric::Gradient, Metric::Optimizer][number / 12 % 2],
    }
}

#[test]
fn every_method_trains_every_preset_for_200_steps() {
    let presets = presets_on_data();
    for (method_idx, (key, _)) in BalanceConfig::OPTIONS.iter().enumerate() {
        for (preset_idx, (preset, design, data)) in presets.iter().enumerate() {
            let settings = RunSettings {
                batch_size: 16,
                balance: method(key),
                balance_options: if preset_idx == 0 {
                    BalanceOptions::default()
                } else {
                    options(method_idx + 7 * preset_idx)
                },
                lazy_rows: preset_idx == 2,
                ..settings()
            };
            let mut run = run(design, data, &settings);
            train_finite(&format!("{key} on {preset}"), &mut run, 200);
        }
    }
}

#[test]
fn every_method_bears_little_to_balance() {
    let data = reviews(150, 0.9);
    let mut frozen = three_tasks(true);
    for node in &mut frozen.nodes {
        node.frozen = ["table", "shared", "norm"].contains(&node.name.as_str());
    }
    let mut alone = three_tasks(false);
    let others: Vec<_> = alone
        .nodes
        .iter()
        .filter(|node| node.name.starts_with("sentiment") || node.name.starts_with("stars"))
        .map(|node| node.id)
        .collect();
    alone
        .wires
        .retain(|wire| !others.contains(&wire.to.node) && !others.contains(&wire.from.node));
    alone.nodes.retain(|node| !others.contains(&node.id));
    // Few rows have a label, so that most batches lack some; one task has nothing to share.
    for (name, design) in [
        ("missing", three_tasks(true)),
        ("frozen", frozen),
        ("alone", alone),
    ] {
        for (number, (key, _)) in BalanceConfig::OPTIONS.iter().enumerate() {
            for balance_options in [BalanceOptions::default(), options(number + 6)] {
                let settings = RunSettings {
                    batch_size: 4,
                    balance: method(key),
                    balance_options,
                    ..settings()
                };
                let mut run = run(&design, &data, &settings);
                train_finite(&format!("{key}, {name}"), &mut run, 60);
            }
        }
    }
}

#[test]
fn another_method_in_mid_run_keeps_the_run() {
    let data = reviews(200, 0.1);
    let design = three_tasks(true);
    let mut run = run(&design, &data, &settings());
    for (number, (key, _)) in BalanceConfig::OPTIONS.iter().enumerate() {
        train(&mut run, 2);
        let before = (run.n_steps(), run.fingerprint());
        let changed = RunSettings {
            balance: method(key),
            balance_options: options(number),
            ..settings()
        };
        assert!(run.settings().keeps_run(&changed), "{key}");
        run.update_settings(&changed).expect("there is memory");
        assert_eq!((run.n_steps(), run.fingerprint()), before, "{key}");
        train(&mut run, 2);
    }
    // A constant of the same method keeps what was learned.
    let uncertainty = RunSettings {
        balance: method("uncertainty"),
        ..settings()
    };
    run.update_settings(&uncertainty).expect("there is memory");
    train(&mut run, 20);
    let learned = run.report().weights.clone();
    assert_ne!(learned, [1.0; 3]);
    let changed = RunSettings {
        balance_options: options(1),
        ..uncertainty
    };
    run.update_settings(&changed).expect("there is memory");
    train(&mut run, 1);
    for (after, before) in run.report().weights.iter().zip(learned) {
        assert!((after - before).abs() < 0.1 * before, "{after}, {before} before");
    }
}
