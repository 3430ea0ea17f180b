//! The GPU computes what the CPU computes: every layer forward and backward, every optimizer and every kind of clipping,
//! and 200 steps of each preset. Needs a WebGPU adapter (Mesa's lavapipe will do); without one it says so and passes.

mod common;
mod gpu;

use common::{bench, build, fill, scatter};
use gpu::{batch_of, block_on, check, device, say, step};
use mtl_engine::{
    backend::gpu::{GpuError, GpuOptions, GpuTrainer, Pass},
    clipping::{Clipping, ClippingKind},
    layers::{Activation, ClassesHead, Dense, Embedding, GlobalMaxPooling, Layer, Lstm, Sample, Shape},
    model::{Mode, Model},
    optimizers::{Optimizer, OptimizerConfig},
};

const WEIGHTS: [f32; 3] = [1.0, 0.7, 0.4];

fn options(max_rows: usize, run_seed: u64) -> GpuOptions {
    GpuOptions {
        max_rows,
        run_seed,
        ..GpuOptions::default()
    }
}

/// Largest relative error of what is compared, against the largest number of its tensor.
const TOLERANCE: f32 = 1e-5;

/// Compares losses, outputs, what the node under test puts out, and every gradient, for batches of several sizes.
fn compare(name: &str, sample: &Sample, masked: bool, rows: &[usize], tolerance: f32) {
    let Some(device) = device() else { return };
    let bench = bench(sample, masked, 0);
    let max_rows = rows.iter().copied().max().unwrap_or(1);
    let mut model = build(&bench, max_rows);
    scatter(&mut model, 11);
    let weights = &WEIGHTS[..model.tasks().len()];
    let mut trainer = match block_on(GpuTrainer::new(&device, model.plan(), &options(max_rows, 5))) {
        Err(GpuError::NoKernel { op }) => {
            say(&format!("{name}: {op} runs on the CPU only"));
            return;
        }
        trainer => trainer.expect(name),
    };
    trainer.write_values(model.values()).expect(name);
    for (index, rows) in rows.iter().copied().enumerate() {
        let number = 3 + index as u64;
        fill(&mut model, rows, 7 + number);
        block_on(trainer.upload(batch_of(&model))).expect(name);
        let all: Vec<u32> = (0..rows as u32).collect();
        trainer
            .run(Pass::Gradients, &all, &step(number, 0.0, weights))
            .expect(name);
        model.forward(Mode::Train { step: number });
        model.backward_tasks(weights);
        let what = format!("{name}, {rows} rows");
        let losses = block_on(trainer.read_losses())
            .expect(name)
            .pop()
            .expect("a step was made");
        check(
            &format!("{what}: losses"),
            &losses.losses,
            model.losses(),
            tolerance,
        );
        let node = bench.under_test;
        if let (Some(expected), Some((_, value))) = (
            model.node_output(node).map(<[f32]>::to_vec),
            model
                .plan()
                .node_outputs
                .iter()
                .find(|(id, _)| *id == node)
                .copied(),
        ) {
            let got = block_on(trainer.read_value(value, expected.len())).expect(name);
            check(&format!("{what}: output"), &got, &expected, tolerance);
        }
        for task in 0..model.tasks().len() {
            let got = block_on(trainer.read_outputs(task, rows)).expect(name);
            check(
                &format!("{what}: prediction {task}"),
                &got,
                model.outputs(task),
                tolerance,
            );
        }
        let gradients = block_on(trainer.read_gradients()).expect(name);
        for parameter in model.parameters() {
            let range = parameter.range.clone();
            let what = format!("{what}: gradient of {}", parameter.name);
            check(
                &what,
                &gradients[range.clone()],
                &model.gradients()[range],
                tolerance,
            );
        }
        trainer
            .run(Pass::Infer, &all, &step(number, 0.0, weights))
            .expect(name);
        model.forward(Mode::Infer);
        for task in 0..model.tasks().len() {
            let got = block_on(trainer.read_outputs(task, rows)).expect(name);
            check(
                &format!("{what}: inference {task}"),
                &got,
                model.outputs(task),
                tolerance,
            );
        }
    }
}

#[test]
fn every_layer_forward_and_backward() {
    for (index, sample) in Layer::samples().iter().enumerate() {
        let name = format!("{}#{index}", sample.layer.key());
        compare(&name, sample, true, &[5, 3, 5], TOLERANCE);
        if sample
            .inputs
            .iter()
            .any(|shape| matches!(shape, Shape::Sequence { .. }))
        {
            compare(&format!("{name} unmasked"), sample, false, &[4], TOLERANCE);
        }
    }
}

#[test]
fn products_of_every_form_and_size() {
    let activations = [
        Activation::Linear,
        Activation::Relu,
        Activation::Gelu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softmax,
    ];
    let shapes = [
        (70, 33, 90),
        (5, 16, 40),
        (130, 300, 3),
        (7, 9, 65),
        (64, 64, 64),
        (1, 1, 1),
        (300, 17, 129),
    ];
    for (index, (n_in, units, rows)) in shapes.into_iter().enumerate() {
        let settings = Dense {
            units,
            activation: activations[index % 6],
            ..Dense::default()
        };
        let sample = Sample::new(settings, [Shape::Vector { width: n_in }]);
        compare(
            &format!("dense {n_in} x {units}"),
            &sample,
            true,
            &[rows, rows / 2 + 1],
            TOLERANCE,
        );
    }
    // A sequence makes a product with many rows, whose weight gradient is a long sum in parts.
    let settings = Dense {
        units: 24,
        activation: Activation::Tanh,
        ..Dense::default()
    };
    let sample = Sample::new(
        settings,
        [Shape::Sequence {
            length: 30,
            width: 20,
        }],
    );
    compare("dense over a sequence", &sample, true, &[40, 11], 1e-4);
}

#[test]
fn recurrent_pooled_and_mixed_layers_of_real_sizes() {
    let sequence = |length, width| [Shape::Sequence { length, width }];
    for (units, length, rows) in [(32, 20, 13), (70, 9, 6), (300, 3, 5)] {
        let sample = Sample::new(
            Lstm {
                units,
                ..Lstm::default()
            },
            sequence(length, 24),
        );
        compare(&format!("lstm {units}"), &sample, true, &[rows, 3], 1e-4);
    }
    let sample = Sample::new(GlobalMaxPooling::default(), sequence(25, 40));
    compare("max pooling", &sample, true, &[20], TOLERANCE);
    let sample = Sample::new(
        Embedding {
            width: 37,
            ..Embedding::default()
        },
        [Shape::Tokens {
            length: 40,
            cardinality: 3000,
        }],
    );
    compare("embedding", &sample, true, &[33], 1e-4);
}

#[test]
fn many_classes() {
    let Some(device) = device() else { return };
    let mut bench = bench(
        &Sample::new(
            Dense {
                units: 20,
                ..Dense::default()
            },
            [Shape::Vector { width: 12 }],
        ),
        true,
        0,
    );
    for label in &mut bench.schema.labels {
        if label.key == "category" {
            label.kind = mtl_engine::schema::LabelKind::Classes { n_classes: 700 };
        }
    }
    for node in &mut bench.design.nodes {
        if let Layer::ClassesHead(head) = &mut node.layer {
            *head = ClassesHead {
                class_weights: Vec::new(),
                ..head.clone()
            };
        }
    }
    let mut model = build(&bench, 50);
    fill(&mut model, 50, 3);
    let mut trainer = block_on(GpuTrainer::new(&device, model.plan(), &options(50, 5))).expect("a trainer");
    trainer.write_values(model.values()).expect("values");
    block_on(trainer.upload(batch_of(&model))).expect("data");
    let all: Vec<u32> = (0..50).collect();
    trainer
        .run(Pass::Gradients, &all, &step(0, 0.0, &WEIGHTS))
        .expect("a pass");
    model.forward(Mode::Train { step: 0 });
    model.backward_tasks(&WEIGHTS);
    let losses = block_on(trainer.read_losses()).expect("losses").remove(0);
    check("losses", &losses.losses, model.losses(), TOLERANCE);
    let gradients = block_on(trainer.read_gradients()).expect("gradients");
    for parameter in model.parameters() {
        let range = parameter.range.clone();
        check(
            &parameter.name,
            &gradients[range.clone()],
            &model.gradients()[range],
            TOLERANCE,
        );
    }
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
    let Some(device) = device() else { return };
    let mut configs: Vec<OptimizerConfig> = OptimizerConfig::OPTIONS
        .iter()
        .filter_map(|(key, _)| OptimizerConfig::from_key(key))
        .collect();
    for nesterov in [false, true] {
        configs.push(OptimizerConfig::Sgd(mtl_engine::optimizers::sgd::Sgd {
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
                block_on(GpuTrainer::new(&device, model.plan(), &gpu_options)).expect("a trainer");
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
                let (values, gradients) = model.values_and_gradients();
                clipping.apply(gradients, &ranges);
                cpu.apply_ranges(&ranges, values, gradients, 0.01);
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

#[test]
fn two_runs_have_the_same_bits() {
    let Some(device) = device() else { return };
    let sample = Sample::new(
        Lstm {
            units: 20,
            ..Lstm::default()
        },
        [Shape::Sequence { length: 12, width: 8 }],
    );
    let mut model = build(&bench(&sample, true, 0), 30);
    fill(&mut model, 30, 1);
    let run = || {
        let mut trainer =
            block_on(GpuTrainer::new(&device, model.plan(), &options(30, 5))).expect("a trainer");
        trainer.write_values(model.values()).expect("values");
        block_on(trainer.upload(batch_of(&model))).expect("data");
        for number in 0..20 {
            let rows: Vec<u32> = (0..25).map(|row| (row * 7 + number) % 30).collect();
            trainer
                .step(&rows, &step(number.into(), 0.01, &WEIGHTS))
                .expect("a step");
        }
        let values = block_on(trainer.read_values()).expect("values");
        values.iter().map(|value| value.to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
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
