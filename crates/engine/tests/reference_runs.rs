//! Whole training runs of random designs on the CPU, against the reference: masks, penalties, ties, frozen layers, tasks of
//! weight 0, batches without a label, short batches, every optimizer and kind of clipping, lazy rows, and looks at the model
//! between the steps (predictions, evaluations, attributions).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
#[path = "reference/compare.rs"]
mod compare;
mod random_designs;

use common::{fill, schema};
use compare::{Comparison, Tolerance};
use mtl_base::settings::{Settings as _, Value};
use mtl_engine::{
    design::Design,
    layers::{ClassesHead, EmbeddingBag, Layer, TokenInput},
    model::{BuildOptions, Model},
};
use mtl_kernels::random::Random;
use mtl_program::{
    clipping::{Clipping, ClippingKind},
    ids::ValueId,
    ops::Op,
    optimizers::{Optimizer, OptimizerConfig, sgd::Sgd},
    parts::Parts,
    reference::{Reference, ReferenceOptimizer},
    specs::Mode,
};
use random_designs::design_to_train;

const MAX_ROWS: usize = 6;

/// Parameters beyond this are those of a run that diverges.
const DIVERGED: f64 = 1e6;

/// Where a branch is decided by a number this near to where it changes, `f32` may take the other one, and the gradients of a
/// step say nothing.
const KINK: f64 = 1e-5;

/// How a run trains.
#[derive(Clone, Debug)]
struct Settings {
    optimizer: OptimizerConfig,
    clipping: Clipping,
    lazy_rows: bool,
    learning_rate: f32,
}

impl Settings {
    /// Every optimizer with every kind of clipping, with and without lazy rows, in turn.
    fn nth(index: usize) -> Self {
        let mut optimizers: Vec<OptimizerConfig> = OptimizerConfig::OPTIONS
            .iter()
            .filter_map(|(key, _)| OptimizerConfig::from_key(key))
            .collect();
        for nesterov in [false, true] {
            optimizers.push(OptimizerConfig::Sgd(Sgd {
                momentum: 0.9,
                nesterov,
            }));
        }
        let n_optimizers = optimizers.len();
        Self {
            optimizer: optimizers.swap_remove(index % n_optimizers),
            clipping: Clipping {
                kind: ClippingKind::ALL[index / n_optimizers % ClippingKind::ALL.len()],
                threshold: 0.3,
            },
            lazy_rows: index % 2 == 1,
            learning_rate: 0.02,
        }
    }
}

/// A run on the CPU.
struct Run {
    model: Model,
    optimizer: Optimizer,
    settings: Settings,
    parts: Parts,
}

impl Run {
    /// `None` for a design that does not train.
    fn new(design: &Design, settings: Settings, seed: u64) -> Option<Self> {
        let options = BuildOptions {
            max_rows: MAX_ROWS,
            seed,
            training: true,
        };
        let model = Model::build(design, &schema(), &options).ok()?;
        let optimizer = Optimizer::new(&settings.optimizer, model.values().len());
        Some(Self {
            model,
            optimizer,
            settings,
            parts: Parts::default(),
        })
    }

    /// The batch of a step: of any size, now and then without a label for a task.
    fn read_batch(&mut self, seed: u64, step: u64) {
        let mut random = Random::stream(seed, &format!("batch {step}"));
        fill(&mut self.model, 1 + random.below(MAX_ROWS), seed ^ step << 8);
        for targets in &mut self.model.batch_mut().targets {
            if random.chance(0.2) {
                targets.fill(f32::NAN);
            }
        }
    }

    /// Weights of the tasks in a step; 0 for some.
    fn weights(&self, seed: u64, step: u64) -> Vec<f32> {
        let mut random = Random::stream(seed, &format!("weights {step}"));
        let weights = self.model.task_weights();
        weights
            .map(|weight| if random.chance(0.3) { 0.0 } else { weight })
            .collect()
    }

    fn forward_and_backward(&mut self, weights: &[f32], step: u64) {
        self.model.forward(Mode::Train { step });
        self.model.backward_tasks(weights);
        self.model.add_penalty_gradients(self.settings.lazy_rows);
    }

    fn update(&mut self) {
        self.parts.clear();
        for index in 0..self.model.parameters().len() {
            let parameter = &self.model.parameters()[index];
            let (range, width) = (parameter.range.clone(), parameter.shape.iter().skip(1).product());
            if !parameter.trainable {
                continue;
            }
            match self.model.touched_rows(index).filter(|_| self.settings.lazy_rows) {
                Some(rows) => self.parts.push_rows(range.start, width, rows),
                None => self.parts.push_whole(range),
            }
        }
        self.model.clip_gradients(&self.settings.clipping, &self.parts);
        let rate = self.settings.learning_rate;
        let (values, gradients) = self.model.values_and_gradients();
        self.optimizer
            .apply_ranges(self.parts.ranges(), values, gradients, rate);
    }

    /// Looks at the model as the page does between two steps: predicts and evaluates other rows, attributes a prediction,
    /// asks for the gradient of one task alone.
    fn look(&mut self, random: &mut Random) {
        for _ in 0..random.below(3) {
            fill(&mut self.model, 1 + random.below(MAX_ROWS), random.next_u64());
            self.model.forward(Mode::Infer);
            let n_tasks = self.model.tasks().len();
            let task_idx = random.below(n_tasks);
            match random.below(4) {
                0 => {}
                1 => {
                    self.model.attribute(task_idx, 0);
                }
                2 => {
                    let mut weights = vec![0.0; n_tasks];
                    weights[task_idx] = 1.0;
                    self.model.backward_tasks(&weights);
                }
                _ => self.model.backward_to_inputs(&vec![1.0; n_tasks]),
            }
        }
    }

    fn bits(&self) -> Vec<u32> {
        let slots = self.optimizer.slots().iter().flatten();
        self.model
            .values()
            .iter()
            .chain(slots)
            .map(|number| number.to_bits())
            .collect()
    }
}

/// The reference with the parameters and the batch of a run.
fn reference_of<'a>(plan: &'a mtl_program::plan::Plan, run: &Run, seed: u64) -> Reference<'a> {
    let mut reference = Reference::new(plan, seed);
    reference.set_full_batch(MAX_ROWS);
    reference.set_parameters(run.model.values());
    let batch = run.model.batch();
    reference.read_batch(batch.rows(), &batch.ids, &batch.dense, &batch.targets);
    reference
}

fn as_f64(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().copied().map(f64::from).collect()
}

fn largest<'a>(arrays: impl IntoIterator<Item = &'a ndarray::ArrayD<f64>>) -> f64 {
    arrays
        .into_iter()
        .flatten()
        .fold(0.0, |largest, number| largest.max(number.abs()))
}

/// What was compared in one run.
#[derive(Default)]
struct Counts {
    steps: usize,
    at_a_kink: usize,
}

/// Runs some steps with looks between them. Before each step the reference takes over the parameters and the optimizer's
/// state of the CPU, so that every step is compared to the last digits: the reference has no state of its own that a stale
/// buffer could agree with.
fn check_run(comparison: &mut Comparison, counts: &mut Counts, name: &str, run: &mut Run, seed: u64) {
    let mut random = Random::stream(seed, "looks");
    for step in 0..6 {
        run.look(&mut random);
        run.read_batch(seed, step);
        let weights = run.weights(seed, step);
        let plan = run.model.plan().clone();
        let mut reference = reference_of(&plan, run, seed);
        reference.forward(Mode::Train { step });
        reference.backward_tasks(&as_f64(&weights));
        reference.add_penalty_gradients(run.settings.lazy_rows);
        run.forward_and_backward(&weights, step);

        let what = |of: &str| format!("{name}, step {step}: {of}");
        let losses = Tolerance {
            of_largest: 2e-5,
            at_least: 1e-6,
        };
        comparison.check(
            "losses",
            || what("losses"),
            run.model.losses(),
            reference.losses(),
            losses,
        );
        assert_eq!(
            run.model.labelled_rows(),
            reference.labelled_rows(),
            "{name}: labelled rows"
        );
        counts.steps += 1;
        if reference.kink_distance() < KINK {
            counts.at_a_kink += 1;
        } else {
            // Numbers that cancel in one op are the sums of another: the largest of all gradients is what rounding is of.
            let of_values =
                (0..plan.values.len()).filter_map(|value| reference.flat_gradient(ValueId(value)));
            let of_values = of_values
                .flatten()
                .fold(0.0_f64, |largest, number| largest.max(number.abs()));
            // A vector that is scaled to length 1 divides the rounding of its gradient by its length.
            let divides = plan.ops.iter().any(|op| matches!(op, Op::UnitNorm(_)));
            let rounding = if divides { 1e-4 } else { 1e-5 };
            let gradients = Tolerance {
                of_largest: 1e-3,
                at_least: 1e-6 + rounding * largest(reference.gradients()).max(of_values),
            };
            for (parameter, expected) in run.model.parameters().iter().zip(reference.gradients()) {
                let got = &run.model.gradients()[parameter.range.clone()];
                comparison.check("gradients", || what(&parameter.name), got, expected, gradients);
            }
        }

        // The update is compared from the same gradients: Adam makes a whole step of the rounding of a gradient that is 0.
        let named = reference.named(run.model.gradients());
        reference.gradients_mut().clone_from_slice(&named);
        let mut optimizer = ReferenceOptimizer::new(&run.settings.optimizer, &reference);
        optimizer.lazy_rows = run.settings.lazy_rows;
        optimizer.step = run.optimizer.step();
        optimizer.slots = run
            .optimizer
            .slots()
            .iter()
            .map(|slot| reference.named(slot))
            .collect();
        let before = reference.parameters().to_vec();
        reference.clip(&run.settings.clipping);
        optimizer.apply(&mut reference, f64::from(run.settings.learning_rate));
        run.update();
        for (index, parameter) in run.model.parameters().iter().enumerate() {
            let range = parameter.range.clone();
            let expected = &reference.parameters()[index];
            let moved = largest([&(expected - &before[index])]);
            let update = if parameter.trainable {
                Tolerance {
                    of_largest: 3e-7,
                    at_least: 1e-9 + 1e-4 * moved,
                }
            } else {
                // A statistic has moved in the forward pass, by means in which numbers of about 1 may cancel.
                Tolerance {
                    of_largest: 2e-5,
                    at_least: 1e-6,
                }
            };
            let got = &run.model.values()[range.clone()];
            comparison.check("parameters", || what(&parameter.name), got, expected, update);
            let state = Tolerance {
                of_largest: 1e-5,
                at_least: 1e-10,
            };
            for (got, expected) in run.optimizer.slots().iter().zip(&optimizer.slots) {
                comparison.check(
                    "state",
                    || what(&parameter.name),
                    &got[range.clone()],
                    &expected[index],
                    state,
                );
            }
        }
    }
}

#[test]
fn every_step_of_random_runs_is_that_of_the_reference() {
    let (mut comparison, mut counts) = (Comparison::default(), Counts::default());
    let mut n_runs = 0;
    for seed in 0..2000 {
        let settings = Settings::nth(n_runs);
        if let Some(mut run) = Run::new(&design_to_train(seed), settings, seed) {
            n_runs += 1;
            let name = format!("seed {seed}, {:?}", run.settings);
            check_run(&mut comparison, &mut counts, &name, &mut run, seed);
        }
    }
    println!(
        "{n_runs} runs, {} steps, {} at a kink",
        counts.steps, counts.at_a_kink
    );
    comparison.finish();
    assert!(n_runs > 500, "{n_runs} designs train");
    assert!(
        counts.at_a_kink * 5 < counts.steps,
        "{} of {} steps at a kink",
        counts.at_a_kink,
        counts.steps
    );
}

/// Runs that start from the same parameters and go their own ways stay together, as long as no branch is taken otherwise.
#[test]
fn runs_of_their_own_stay_together() {
    let mut comparison = Comparison::default();
    let mut n_compared = 0;
    for seed in 0..600 {
        let mut settings = Settings::nth(seed as usize);
        // With a larger ε a step depends on the gradient as smoothly as the gradient on the parameters.
        let _ = settings.optimizer.set("epsilon", &Value::Real(0.05));
        let Some(mut run) = Run::new(&design_to_train(seed), settings, seed) else {
            continue;
        };
        let plan = run.model.plan().clone();
        let mut reference = Reference::new(&plan, seed);
        reference.set_full_batch(MAX_ROWS);
        reference.set_parameters(run.model.values());
        let start = reference.parameters().to_vec();
        let mut optimizer = ReferenceOptimizer::new(&run.settings.optimizer, &reference);
        optimizer.lazy_rows = run.settings.lazy_rows;
        let mut kink_distance = f64::INFINITY;
        for step in 0..8 {
            run.read_batch(seed, step);
            let weights = run.weights(seed, step);
            let batch = run.model.batch();
            reference.read_batch(batch.rows(), &batch.ids, &batch.dense, &batch.targets);
            reference.forward(Mode::Train { step });
            kink_distance = kink_distance.min(reference.kink_distance());
            reference.backward_tasks(&as_f64(&weights));
            reference.add_penalty_gradients(run.settings.lazy_rows);
            reference.clip(&run.settings.clipping);
            optimizer.apply(&mut reference, f64::from(run.settings.learning_rate));
            run.forward_and_backward(&weights, step);
            run.update();
        }
        // A run that diverges leaves the range of `f32` where the reference has still numbers.
        let diverges = largest(reference.parameters()) > DIVERGED;
        if kink_distance < KINK || diverges {
            continue;
        }
        n_compared += 1;
        for (index, parameter) in run.model.parameters().iter().enumerate() {
            let expected = &reference.parameters()[index];
            let moved = largest([&(expected - &start[index])]);
            let tolerance = Tolerance {
                of_largest: 1e-6,
                at_least: 1e-6 + 1e-3 * moved,
            };
            let what = || format!("seed {seed}, {:?}: {}", run.settings, parameter.name);
            let got = &run.model.values()[parameter.range.clone()];
            comparison.check("parameters after 8 steps", what, got, expected, tolerance);
        }
    }
    println!("{n_compared} runs");
    comparison.finish();
    assert!(n_compared > 100, "{n_compared} runs were compared");
}

/// No look at a model changes a bit of what follows.
#[test]
fn looks_change_no_bit() {
    for seed in 0..2000 {
        let design = design_to_train(seed);
        let bits = |looks: bool| {
            let mut run = Run::new(&design, Settings::nth(seed as usize), seed)?;
            let mut random = Random::stream(seed, "looks");
            for step in 0..6 {
                if looks {
                    run.look(&mut random);
                }
                run.read_batch(seed, step);
                let weights = run.weights(seed, step);
                run.forward_and_backward(&weights, step);
                run.update();
            }
            Some(run.bits())
        };
        assert_eq!(bits(false), bits(true), "seed {seed}");
    }
}

/// A task of weight 0 leaves its head to the penalty alone: `w ← (1 - 2 η l2) w` in every step.
#[test]
fn a_penalty_alone_decays_its_parameters() {
    let mut design = Design::new("penalty alone");
    let tokens = design.add(
        "tokens",
        TokenInput {
            feature: "text".into(),
        },
    );
    let bag = design.add(
        "bag",
        EmbeddingBag {
            width: 4,
            ..EmbeddingBag::default()
        },
    );
    design.connect(tokens, bag, 0);
    for (name, weight, l2) in [("first", 1.0, 0.0), ("second", 0.0, 0.1)] {
        let head: Layer = ClassesHead {
            label: "category".into(),
            weight,
            l2,
            ..ClassesHead::default()
        }
        .into();
        let head = design.add(name, head);
        design.connect(bag, head, 0);
    }
    let settings = Settings {
        optimizer: OptimizerConfig::from_key("sgd").expect("SGD is listed"),
        clipping: Clipping::default(),
        lazy_rows: false,
        learning_rate: 0.1,
    };
    let mut run = Run::new(&design, settings, 1).expect("a design that trains");
    let kernel = run
        .model
        .parameters()
        .iter()
        .find(|parameter| parameter.name == "second/kernel");
    let range = kernel.expect("a head has a kernel").range.clone();
    let start = run.model.values()[range.clone()].to_vec();
    for step in 0..22 {
        fill(&mut run.model, MAX_ROWS, step);
        run.forward_and_backward(&[1.0, 0.0], step);
        run.update();
    }
    for (now, start) in run.model.values()[range].iter().zip(&start) {
        let expected = f64::from(*start) * 0.98_f64.powi(22);
        assert!((f64::from(*now) - expected).abs() < 1e-6, "{now}, not {expected}");
    }
}
