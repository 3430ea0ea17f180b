//! Gradients are a function of parameters, batch and weights alone: whatever a model was used for before, and the gradients of
//! single tasks are those of one loss at a time.

mod common;
mod random_designs;

use common::{bench, build, fill, scatter, schema};
use mtl_base::settings::{Settings, Value};
use mtl_engine::{
    design::{Design, Tie},
    layers::Layer,
    model::{BuildOptions, Model},
};
use mtl_kernels::random::Random;
use mtl_program::{
    clipping::{Clipping, ClippingKind},
    cpu::tasks::{TaskDomain, TaskGradientRoom},
    optimizers::{Optimizer, OptimizerConfig},
    parts::Parts,
    specs::Mode,
};
use random_designs::sensible_design;

const ROWS: usize = 4;

fn options(seed: u64) -> BuildOptions {
    BuildOptions {
        max_rows: ROWS,
        seed,
        training: true,
    }
}

/// A design with penalties, ties, frozen layers and heads with the weight 0.
fn decorated_design(random: &mut Random) -> Design {
    let mut design = sensible_design(random);
    for node in &mut design.nodes {
        if node.layer.is_head() && random.chance(0.3) {
            node.layer
                .set("weight", &Value::Real(0.0))
                .expect("every head has a weight");
        }
        for key in ["l1", "l2"] {
            if node.layer.get(key).is_some() && random.chance(0.4) {
                let factor = 0.1 * random.uniform_f64();
                node.layer.set(key, &Value::Real(factor)).expect("a small factor");
            }
        }
        node.frozen = random.chance(0.15);
    }
    for first in 0..design.nodes.len() {
        for second in first + 1..design.nodes.len() {
            let (a, b) = (&design.nodes[first], &design.nodes[second]);
            if a.layer.key() == b.layer.key() && !a.layer.is_input() && random.chance(0.3) {
                let (a, b) = (a.id, b.id);
                let mut tied = design.clone();
                tied.ties.push(Tie { a, b, strength: 0.2 });
                // Only layers of equal shapes can be tied.
                if Model::build(&tied, &schema(), &options(1)).is_ok() {
                    design = tied;
                }
            }
        }
    }
    design
}

/// A batch in which some tasks have no label.
fn fill_some(model: &mut Model, random: &mut Random, seed: u64) {
    fill(model, 1 + random.below(ROWS), seed);
    for targets in &mut model.batch_mut().targets {
        if random.chance(0.25) {
            targets.fill(f32::NAN);
        }
    }
}

fn task_weights(model: &Model) -> Vec<f32> {
    model.task_weights().collect()
}

/// Anything that a page may ask of a model between two steps.
fn peek(model: &mut Model, design: &Design, random: &mut Random, seed: u64) {
    fill_some(model, random, seed);
    model.forward(Mode::Infer);
    let task_idx = random.below(model.tasks().len());
    let mut weights = task_weights(model);
    match random.below(8) {
        0 => {}
        1 => {
            model.attribute(task_idx, 0);
        }
        2 => model.backward_to_inputs(&weights),
        3 => {
            weights.fill(0.0);
            weights[task_idx] = 1.0;
            model.backward_tasks(&weights);
        }
        4 => {
            weights.fill(2.0);
            model.backward(&weights);
            model.add_penalty_gradients(random.chance(0.5));
        }
        5 => assert!(model.update_settings(design)),
        6 => {
            weights.fill(1.0);
            model.backward(&weights);
            let parts: Parts = model
                .parameters()
                .iter()
                .map(|parameter| parameter.range.clone())
                .collect();
            let clipping = Clipping {
                kind: ClippingKind::GlobalNorm,
                threshold: 1e-3,
            };
            model.clip_gradients(&clipping, &parts);
        }
        _ => {
            model.set_task_gradients(Some(room(random.chance(0.5), random.chance(0.5))));
            run_tasks(model);
            let (_, combined) = model.task_gradients().expect("there is room").rows_and_combined();
            combined.fill(3.0);
            model.backward_combined(|_| ());
            model.add_penalty_gradients(false);
        }
    }
}

fn room(representation: bool, every_column: bool) -> TaskGradientRoom {
    TaskGradientRoom {
        domain: if representation {
            TaskDomain::Representation
        } else {
            TaskDomain::Parameters
        },
        every_column,
        measured: false,
    }
}

fn run_tasks(model: &mut Model) {
    model.begin_tasks();
    for task_idx in 0..model.tasks().len() {
        model.backward_task(task_idx, |_| ());
    }
    model.end_tasks();
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

#[test]
fn a_model_that_was_used_gives_the_bits_of_a_new_one() {
    let (schema, mut n_designs, mut n_tied, mut n_zero) = (schema(), 0, 0, 0);
    for seed in 0..600 {
        let mut random = Random::stream(seed, "uses");
        let design = decorated_design(&mut random);
        let Ok(mut model) = Model::build(&design, &schema, &options(seed)) else {
            continue;
        };
        n_designs += 1;
        n_tied += usize::from(!design.ties.is_empty());
        let weights = task_weights(&model);
        n_zero += usize::from(weights.contains(&0.0));
        let mut optimizer = Optimizer::new(&OptimizerConfig::default(), model.values().len());
        let trained: Vec<_> = model
            .parameters()
            .iter()
            .filter(|parameter| parameter.trainable)
            .map(|parameter| parameter.range.clone())
            .collect();
        for step in 0..5 {
            for look in 0..random.below(3) as u64 {
                peek(&mut model, &design, &mut random, 100 * seed + 10 * step + look);
            }
            fill_some(&mut model, &mut random, 7 * seed + step);
            let mut fresh = Model::build(&design, &schema, &options(seed)).expect("as before");
            fresh.values_mut().copy_from_slice(model.values());
            fresh.batch_mut().copy_from(model.batch());
            let lazy_rows = step % 2 == 1;
            for model in [&mut model, &mut fresh] {
                model.forward(Mode::Train { step });
                model.backward_tasks(&weights);
                model.add_penalty_gradients(lazy_rows);
            }
            assert_eq!(
                bits(model.gradients()),
                bits(fresh.gradients()),
                "seed {seed}, step {step}\n{design:#?}"
            );
            for parameter_idx in 0..model.parameters().len() {
                let touched = model.touched_rows(parameter_idx).map(<[u32]>::to_vec);
                assert_eq!(
                    touched.as_deref(),
                    fresh.touched_rows(parameter_idx),
                    "seed {seed}"
                );
            }
            let (values, gradients) = model.values_and_gradients();
            optimizer.apply_ranges(&trained, values, gradients, 0.003);
        }
    }
    assert!(
        n_designs > 200 && n_tied > 30 && n_zero > 50,
        "{n_designs} designs, {n_tied} with ties, {n_zero} with a weight of 0"
    );
}

/// Compares the passes of single tasks with backward passes of one loss at a time.
fn check_tasks(name: &str, model: &mut Model) {
    let n_tasks = model.tasks().len();
    let one_hot = |task_idx: usize| {
        let mut weights = vec![0.0; n_tasks];
        weights[task_idx] = 1.0;
        weights
    };
    let mode = Mode::Train { step: 0 };
    let statistics = model.values().to_vec();
    let forward = |model: &mut Model| {
        model.values_mut().copy_from_slice(&statistics);
        model.forward(mode);
    };
    forward(model);
    let expected: Vec<Vec<f32>> = (0..n_tasks)
        .map(|task_idx| {
            model.backward_tasks(&one_hot(task_idx));
            model.gradients().to_vec()
        })
        .collect();
    let factors: Vec<f32> = (0..n_tasks).map(|task_idx| 1.5 - 0.7 * task_idx as f32).collect();
    model.backward_tasks(&factors);
    let weighted = model.gradients().to_vec();
    let parameters = model.parameters().to_vec();
    for (representation, every_column) in [(false, false), (false, true), (true, false)] {
        model.set_task_gradients(Some(room(representation, every_column)));
        forward(model);
        run_tasks(model);
        let (rows, combined) = model.task_gradients().expect("there is room").rows_and_combined();
        if !representation {
            // The rows hold the shared parameters, one behind the other.
            let shared = parameters.iter().filter(|parameter| parameter.tasks.is_shared());
            let mut start = 0;
            for parameter in shared {
                for (task_idx, expected) in expected.iter().enumerate() {
                    let row = &rows.values[task_idx * rows.stride + start..][..parameter.range.len()];
                    assert_eq!(
                        row,
                        &expected[parameter.range.clone()],
                        "{name}: {}",
                        parameter.name
                    );
                }
                start += parameter.range.len();
            }
            assert_eq!(start, rows.stride, "{name}");
        }
        combined.fill(f32::NAN);
        for column in rows.columns.iter().flat_map(Clone::clone) {
            combined[column] = (0..n_tasks)
                .map(|task_idx| factors[task_idx] * rows.values[task_idx * rows.stride + column])
                .sum();
        }
        model.backward_combined(|_| ());
        model.scale_own_gradients(&factors);
        for parameter in &parameters {
            let range = parameter.range.clone();
            let pairs = model.gradients()[range.clone()].iter().zip(&weighted[range]);
            for (index, (got, expected)) in pairs.enumerate() {
                assert!(
                    (got - expected).abs() <= 2e-5 + 2e-4 * expected.abs(),
                    "{name}, {representation} {every_column}: {}[{index}]: {got}, not {expected}",
                    parameter.name
                );
            }
        }
    }
    model.set_task_gradients(None);
}

#[test]
fn the_gradients_of_single_tasks_are_those_of_one_loss_at_a_time() {
    for sample in Layer::samples() {
        let mut model = build(&bench(&sample, true, 0), ROWS);
        scatter(&mut model, 3);
        for seed in 0..3 {
            fill(&mut model, ROWS - seed as usize, seed);
            check_tasks(sample.layer.key(), &mut model);
        }
    }
    let mut n_designs = 0;
    for seed in 0..300 {
        let mut random = Random::stream(seed, "single tasks");
        let design = decorated_design(&mut random);
        if let Ok(mut model) = Model::build(&design, &schema(), &options(seed)) {
            n_designs += 1;
            fill_some(&mut model, &mut random, seed);
            check_tasks(&format!("seed {seed}"), &mut model);
        }
    }
    assert!(n_designs > 100, "{n_designs}");
}
