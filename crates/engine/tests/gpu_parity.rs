//! The GPU computes what the CPU computes: every layer forward and backward, every optimizer and every kind of clipping,
//! and 200 steps of each preset. Needs a WebGPU adapter (Mesa's lavapipe will do); without one it says so and passes.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
mod gpu;

use common::{bench, build, fill};
use gpu::{
    batch_of, block_on, both_ways, check, device,
    parity::{Case, WEIGHTS, compare, every_layer, products, real_sizes, wide_heads},
    say, step,
};
use mtl_engine::{
    layers::{Activation, Dense, Lstm, Sample, Shape},
    model::Model,
};
use mtl_program::{
    clipping::{Clipping, ClippingKind},
    gpu::{GpuDevice, GpuError, GpuOptions, GpuTrainer},
    optimizers::{Optimizer, OptimizerConfig},
    specs::Mode,
};

fn options(max_rows: usize, run_seed: u64) -> GpuOptions {
    GpuOptions {
        max_rows,
        run_seed,
        ..GpuOptions::default()
    }
}

fn compare_all(what: &str, cases: &[Case]) {
    for device in both_ways() {
        let results: Vec<_> = cases
            .iter()
            .map(|case| block_on(compare(&device, case)))
            .collect();
        let apart: Vec<_> = results
            .iter()
            .filter_map(|result| result.as_ref().err().cloned())
            .collect();
        let threads = if device.works_alone() { "alone" } else { "in teams" };
        assert!(apart.is_empty(), "threads {threads}\n{}", apart.join("\n"));
        let largest = results.into_iter().flatten().fold(0.0, f32::max);
        say(&format!(
            "{what}, threads {threads}: {} cases, within {largest:e}",
            cases.len()
        ));
    }
}

#[test]
fn every_layer_forward_and_backward() {
    compare_all("every layer", &every_layer());
}

#[test]
fn products_of_every_form_and_size() {
    compare_all("products", &products());
}

#[test]
fn layers_of_real_sizes() {
    compare_all("real sizes", &real_sizes());
}

#[test]
fn heads_of_many_classes_and_labels() {
    compare_all("wide heads", &wide_heads());
}

/// A model with regularisers, and a trainer with its parameters and data.
fn regularised() -> Model {
    let sample = Sample::new(
        Dense {
            units: 9,
            l1: 0.01,
            l2: 0.02,
            activation: Activation::Tanh,
            ..Dense::default()
        },
        [Shape::Vector { width: 5 }],
    );
    let mut model = build(&bench(&sample, true, 0), 6);
    fill(&mut model, 6, 1);
    model
}

#[test]
fn every_optimizer_and_clipping_for_six_steps() {
    for device in both_ways() {
        optimizers_and_clippings(&device);
    }
}

fn optimizers_and_clippings(device: &GpuDevice) {
    let mut configs: Vec<OptimizerConfig> = OptimizerConfig::OPTIONS
        .iter()
        .filter_map(|(key, _)| OptimizerConfig::from_key(key))
        .collect();
    for nesterov in [false, true] {
        configs.push(OptimizerConfig::Sgd(mtl_program::optimizers::sgd::Sgd {
            momentum: 0.9,
            nesterov,
        }));
    }
    let kinds = [
        ClippingKind::Off,
        ClippingKind::Value,
        ClippingKind::Norm,
        ClippingKind::GlobalNorm,
    ];
    for (index, optimizer) in configs.into_iter().enumerate() {
        let kind = kinds[index % 4];
        let clippings = if index < 2 { kinds.to_vec() } else { vec![kind] };
        for kind in clippings {
            let clipping = Clipping {
                kind,
                threshold: 0.05,
            };
            let mut model = regularised();
            let gpu_options = GpuOptions {
                optimizer: optimizer.clone(),
                clipping: clipping.clone(),
                ..options(6, 5)
            };
            let mut trainer =
                block_on(GpuTrainer::new(device, model.plan(), &gpu_options)).expect("a trainer");
            trainer.write_values(model.values()).expect("values");
            block_on(trainer.upload(batch_of(&model))).expect("data");
            let ranges: Vec<_> = model
                .parameters()
                .iter()
                .map(|parameter| parameter.range.clone())
                .collect();
            let mut cpu = Optimizer::new(&optimizer, model.values().len());
            let all: Vec<u32> = (0..6).collect();
            for number in 0..6 {
                trainer.step(&all, &step(number, 0.01, &WEIGHTS)).expect("a step");
                model.forward(Mode::Train { step: number });
                model.backward(&WEIGHTS);
                let mut gradients = model.gradients().to_vec();
                clipping.apply(&mut gradients, &ranges);
                cpu.apply_ranges(&ranges, model.values_mut(), &gradients, 0.01);
            }
            let what = format!("{} with {kind:?}", optimizer.key());
            let values = block_on(trainer.read_values()).expect("values");
            check(&what, &values, model.values(), 2e-5);
            let (made, slots) = block_on(trainer.read_optimizer()).expect("state");
            assert_eq!(made, 6);
            for (got, expected) in slots.iter().zip(cpu.slots()) {
                check(&format!("{what}: state"), got, expected, 1e-4);
            }
        }
    }
}

#[test]
fn frozen_layers_keep_their_bits_and_settings_change_in_mid_run() {
    let Some(device) = device() else { return };
    let sample = Sample::new(
        Dense {
            units: 9,
            ..Dense::default()
        },
        [Shape::Vector { width: 5 }],
    );
    let mut bench = bench(&sample, true, 0);
    let mut model = build(&bench, 6);
    fill(&mut model, 6, 1);
    let mut trainer = block_on(GpuTrainer::new(&device, model.plan(), &options(6, 5))).expect("a trainer");
    trainer.write_values(model.values()).expect("values");
    block_on(trainer.upload(batch_of(&model))).expect("data");
    let all: Vec<u32> = (0..6).collect();
    trainer.step(&all, &step(0, 0.01, &WEIGHTS)).expect("a step");
    let before = block_on(trainer.read_values()).expect("values");
    bench.design.node_mut(bench.under_test).expect("a node").frozen = true;
    assert!(model.update_settings(&bench.design));
    block_on(trainer.update(model.plan())).expect("an update");
    trainer.step(&all, &step(1, 0.01, &WEIGHTS)).expect("a step");
    let after = block_on(trainer.read_values()).expect("values");
    for parameter in model.parameters() {
        let range = parameter.range.clone();
        let same = before[range.clone()] == after[range];
        assert_eq!(same, parameter.node == bench.under_test, "{}", parameter.name);
    }
    assert_eq!(block_on(trainer.read_optimizer()).expect("state").0, 2);
}

/// Bits of the parameters and of the losses after some steps with short and full batches.
fn bits_after_training(device: &GpuDevice, case: &Case) -> Vec<u32> {
    let max_rows = case.max_rows();
    let mut model = build(&case.bench, max_rows);
    fill(&mut model, max_rows, 1);
    let mut trainer =
        block_on(GpuTrainer::new(device, model.plan(), &options(max_rows, 5))).expect(&case.name);
    trainer.write_values(model.values()).expect(&case.name);
    block_on(trainer.upload(batch_of(&model))).expect(&case.name);
    let n = max_rows as u32;
    for number in 0..4 {
        let n_rows = if number % 2 == 0 { n } else { n.div_ceil(2) };
        let rows: Vec<u32> = (0..n_rows).map(|row| (row * 7 + number) % n).collect();
        trainer
            .step(&rows, &step(number.into(), 0.01, &WEIGHTS))
            .expect(&case.name);
    }
    let values = block_on(trainer.read_values()).expect(&case.name);
    let losses = block_on(trainer.read_losses()).expect(&case.name);
    let losses = losses.iter().flat_map(|step| &step.losses);
    values.iter().chain(losses).map(|value| value.to_bits()).collect()
}

#[test]
fn two_runs_have_the_same_bits() {
    for device in both_ways() {
        for case in every_layer().iter().chain(&real_sizes()) {
            let first = bits_after_training(&device, case);
            assert_eq!(first, bits_after_training(&device, case), "{}", case.name);
        }
    }
}

#[test]
fn faults_are_typed() {
    let Some(device) = device() else { return };
    let mut model = regularised();
    let mut trainer = block_on(GpuTrainer::new(&device, model.plan(), &options(6, 5))).expect("a trainer");
    let no_data = trainer.step(&[0], &step(0, 0.1, &WEIGHTS));
    assert!(matches!(no_data, Err(GpuError::Length { .. })), "{no_data:?}");
    let too_few = trainer.write_values(&[0.0]);
    assert!(
        matches!(too_few, Err(GpuError::Length { got: 1, .. })),
        "{too_few:?}"
    );
    fill(&mut model, 6, 1);
    block_on(trainer.upload(batch_of(&model))).expect("data");
    let beyond = trainer.step(&[6], &step(0, 0.1, &WEIGHTS));
    assert!(
        matches!(
            beyond,
            Err(GpuError::Rows {
                largest: 6,
                n_rows: 6,
                ..
            })
        ),
        "{beyond:?}"
    );
    let too_many = trainer.step(&[0; 7], &step(0, 0.1, &WEIGHTS));
    assert!(
        matches!(
            too_many,
            Err(GpuError::Rows {
                rows: 7,
                max_rows: 6,
                ..
            })
        ),
        "{too_many:?}"
    );
    let sample = Sample::new(
        Lstm {
            units: 512,
            ..Lstm::default()
        },
        [Shape::Sequence {
            length: 400,
            width: 8,
        }],
    );
    let huge = build(&bench(&sample, true, 0), 4);
    let options = options(4_000_000, 5);
    let refused = block_on(GpuTrainer::new(&device, huge.plan(), &options)).err();
    assert!(matches!(refused, Some(GpuError::Limit { .. })), "{refused:?}");
    trainer
        .step(&[0, 1], &step(0, 0.1, &WEIGHTS))
        .expect("still well");
    device.destroy();
    let lost = trainer.step(&[0, 1], &step(1, 0.1, &WEIGHTS));
    assert!(matches!(lost, Err(GpuError::Lost { .. })), "{lost:?}");
    assert!(matches!(
        block_on(trainer.read_values()),
        Err(GpuError::Lost { .. })
    ));
}
