//! The GPU computes what the reference computes: every layer forward and backward, and training runs of random designs with
//! penalties, ties, masks, frozen layers, tasks of weight 0, batches without a label and looks between the steps. Needs a
//! WebGPU adapter (Mesa's lavapipe will do); without one it says so and passes.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
#[path = "reference/compare.rs"]
mod compare;
mod gpu;
mod random_designs;

use common::{build, fill, schema};
use compare::{Comparison, Tolerance};
use gpu::{batch_of, block_on, both_ways, parity::every_layer, say, step};
use mtl_base::settings::{Settings as _, Value};
use mtl_engine::model::{BuildOptions, Model};
use mtl_kernels::random::Random;
use mtl_program::{
    clipping::{Clipping, ClippingKind},
    gpu::{GpuData, GpuDevice, GpuError, GpuOptions, GpuTrainer, Pass},
    optimizers::{OptimizerConfig, sgd::Sgd},
    reference::{Reference, ReferenceOptimizer},
    specs::Mode,
};
use random_designs::design_to_train;

const WEIGHTS: [f32; 3] = [1.0, 0.7, 0.4];
const ROWS: usize = 5;

/// A shader may round a division by 2.5 units and takes other orders of sums; see `docs/webgpu.md`.
const TOLERANCE: Tolerance = Tolerance {
    of_largest: 1e-5,
    at_least: 3e-7,
};

#[test]
fn every_layer_is_its_formula() {
    for device in both_ways() {
        let mut comparison = Comparison::default();
        for case in every_layer() {
            let mut model = build(&case.bench, ROWS);
            common::scatter(&mut model, 11);
            fill(&mut model, ROWS, 7);
            let weights = &WEIGHTS[..model.tasks().len()];
            let options = GpuOptions {
                max_rows: ROWS,
                run_seed: 5,
                ..GpuOptions::default()
            };
            let mut trainer = block_on(GpuTrainer::new(&device, model.plan(), &options)).expect(&case.name);
            trainer.write_values(model.values()).expect(&case.name);
            block_on(trainer.upload(batch_of(&model))).expect(&case.name);
            let all: Vec<u32> = (0..ROWS as u32).collect();
            trainer
                .run(Pass::Gradients, &all, &step(3, 0.0, weights))
                .expect(&case.name);

            let mut reference = Reference::new(model.plan(), 5);
            reference.set_full_batch(ROWS);
            reference.set_parameters(model.values());
            let batch = model.batch();
            reference.read_batch(ROWS, &batch.ids, &batch.dense, &batch.targets);
            reference.forward(Mode::Train { step: 3 });
            reference.backward_tasks(&weights.iter().copied().map(f64::from).collect::<Vec<_>>());

            let losses = block_on(trainer.read_losses()).expect(&case.name);
            let what = |of: &str| format!("{}: {of}", case.name);
            comparison.check(
                "losses",
                || what("losses"),
                &losses[0].losses,
                reference.losses(),
                TOLERANCE,
            );
            for task_idx in 0..weights.len() {
                let got = block_on(trainer.read_outputs(task_idx, ROWS)).expect(&case.name);
                let expected = reference.outputs(task_idx);
                comparison.check(
                    "predictions",
                    || what("predictions"),
                    &got,
                    expected.iter(),
                    TOLERANCE,
                );
            }
            let gradients = block_on(trainer.read_gradients()).expect(&case.name);
            let values = block_on(trainer.read_values()).expect(&case.name);
            let arrays = reference.gradients().iter().zip(reference.parameters());
            for (parameter, (gradient, value)) in model.parameters().iter().zip(arrays) {
                let (range, name) = (parameter.range.clone(), &parameter.name);
                comparison.check(
                    "gradients",
                    || what(name),
                    &gradients[range.clone()],
                    gradient,
                    TOLERANCE,
                );
                comparison.check("parameters", || what(name), &values[range], value, TOLERANCE);
            }
        }
        comparison.finish();
    }
}

/// How a run trains: every optimizer with every kind of clipping, in turn. With a larger ε a step depends on the gradient as
/// smoothly as the gradient on the parameters, so that a gradient that is nearly 0 may differ in its rounding.
fn options(index: usize, seed: u64) -> GpuOptions {
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
    let mut optimizer = optimizers.swap_remove(index % n_optimizers);
    let _ = optimizer.set("epsilon", &Value::Real(0.05));
    GpuOptions {
        max_rows: ROWS,
        run_seed: seed,
        optimizer,
        clipping: Clipping {
            kind: ClippingKind::ALL[index / n_optimizers % ClippingKind::ALL.len()],
            threshold: 0.3,
        },
    }
}

/// Twelve rows; the first five have no label of every second task.
fn data(model: &mut Model, seed: u64) -> GpuData {
    fill(model, 12, seed);
    for (task_idx, targets) in model.batch_mut().targets.iter_mut().enumerate() {
        if task_idx % 2 == 1 {
            let width = targets.len() / 12;
            targets[..5 * width].fill(f32::NAN);
        }
    }
    batch_of(model)
}

/// The numbers of some rows.
fn pick<T: Copy>(flat: &[T], rows: &[u32], n_rows: usize) -> Vec<T> {
    let width = flat.len() / n_rows;
    let of_row = |row: &u32| &flat[*row as usize * width..(*row as usize + 1) * width];
    rows.iter().flat_map(of_row).copied().collect()
}

/// Runs a design for some steps; the reference takes over the parameters and the state of the GPU before each of them.
fn check_run(
    device: &GpuDevice,
    comparison: &mut Comparison,
    seed: u64,
    index: usize,
) -> Result<usize, GpuError> {
    let build = BuildOptions {
        max_rows: 12,
        seed,
        training: true,
    };
    let Ok(mut model) = Model::build(&design_to_train(seed), &schema(), &build) else {
        return Ok(0);
    };
    let options = options(index, seed);
    let data = data(&mut model, seed);
    let mut trainer = block_on(GpuTrainer::new(device, model.plan(), &options))?;
    trainer.write_values(model.values())?;
    block_on(trainer.upload(data.clone()))?;
    let mut random = Random::stream(seed, "steps");
    let mut n_compared = 0;
    for number in 0..4 {
        let mut draw = |from: usize, below: usize| -> Vec<u32> {
            let n_rows = 1 + random.below(ROWS);
            (0..n_rows).map(|_| (from + random.below(below)) as u32).collect()
        };
        let looked_at = draw(0, 12);
        // In the first step every second task has no label.
        let rows = if number == 0 { draw(0, 5) } else { draw(0, 12) };
        let mut weigh = |task: f32| if random.chance(0.3) { 0.0 } else { task };
        let weights: Vec<f32> = model.task_weights().map(&mut weigh).collect();
        let pass = if number % 2 == 0 {
            Pass::Infer
        } else {
            Pass::Gradients
        };
        if pass == Pass::Infer {
            trainer.run(pass, &looked_at, &step(number, 0.0, &weights))?;
        }
        let before = block_on(trainer.read_values())?;
        let (made, slots) = block_on(trainer.read_optimizer())?;
        trainer.forget_losses();
        trainer.step(&rows, &step(number, 0.02, &weights))?;
        let losses = block_on(trainer.read_losses())?;
        let after = block_on(trainer.read_values())?;

        let mut reference = Reference::new(model.plan(), seed);
        reference.set_full_batch(ROWS);
        reference.set_parameters(&before);
        let ids: Vec<_> = data.ids.iter().map(|ids| pick(ids, &rows, 12)).collect();
        let dense: Vec<_> = data.dense.iter().map(|dense| pick(dense, &rows, 12)).collect();
        let targets: Vec<_> = data
            .targets
            .iter()
            .map(|targets| pick(targets, &rows, 12))
            .collect();
        reference.read_batch(rows.len(), &ids, &dense, &targets);
        reference.forward(Mode::Train { step: number });
        reference.backward(&weights.iter().copied().map(f64::from).collect::<Vec<_>>());
        let mut optimizer = ReferenceOptimizer::new(&options.optimizer, &reference);
        optimizer.step = made;
        optimizer.slots = slots.iter().map(|slot| reference.named(slot)).collect();
        reference.clip(&options.clipping);
        let start = reference.named(&before);
        optimizer.apply(&mut reference, f64::from(0.02_f32));

        let what = |of: &str| format!("seed {seed}, {options:?}, step {number}: {of}");
        let tolerance = Tolerance {
            of_largest: 5e-5,
            at_least: 2e-6,
        };
        comparison.check(
            "losses",
            || what("losses"),
            &losses[0].losses,
            reference.losses(),
            tolerance,
        );
        if reference.kink_distance() < 1e-5 {
            continue;
        }
        n_compared += 1;
        for (index, parameter) in model.parameters().iter().enumerate() {
            let expected = &reference.parameters()[index];
            let moved = (expected - &start[index])
                .iter()
                .fold(0.0_f64, |largest, moved| largest.max(moved.abs()));
            let tolerance = Tolerance {
                of_largest: 1e-6,
                at_least: 3e-6 + 1e-3 * moved,
            };
            let got = &after[parameter.range.clone()];
            comparison.check("parameters", || what(&parameter.name), got, expected, tolerance);
        }
        if pass == Pass::Gradients {
            trainer.run(pass, &looked_at, &step(number, 0.0, &weights))?;
        }
    }
    Ok(n_compared)
}

#[test]
fn every_step_of_random_runs_is_that_of_the_reference() {
    for device in both_ways() {
        let mut comparison = Comparison::default();
        let (mut n_compared, mut n_runs, mut unsupported) = (0, 0, 0);
        for seed in 0..120 {
            match check_run(&device, &mut comparison, seed, n_runs) {
                Ok(n) => {
                    n_compared += n;
                    n_runs += usize::from(n > 0);
                }
                Err(GpuError::UnsupportedSize { .. }) => unsupported += 1,
                Err(error) => panic!("seed {seed}: {error}"),
            }
        }
        say(&format!(
            "{n_runs} runs, {n_compared} steps; {unsupported} too large for a kernel"
        ));
        comparison.finish();
        assert!(n_compared > 60, "{n_compared} steps were compared");
    }
}
