//! 200 training steps of each preset stay within 1e-3 of the CPU's loss curve.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
mod gpu;

use common::{feature, label};
use gpu::{block_on, both_ways, say, step};
use mtl_base::schema::{FeatureKind, LabelKind, Schema};
use mtl_engine::{
    design::presets,
    model::{BuildOptions, Model},
};
use mtl_kernels::random::Random;
use mtl_program::{
    gpu::{GpuData, GpuOptions, GpuTrainer},
    optimizers::{Optimizer, OptimizerConfig},
    specs::Mode,
};

const ROWS: usize = 300;
const BATCH: usize = 32;
const STEPS: u64 = 200;

/// A schema for a preset's kind of data set.
fn schema(data: &str) -> Schema {
    let id = |key, cardinality| feature(key, FeatureKind::Id { cardinality });
    let classes = |key, n_classes| label(key, LabelKind::Classes { n_classes });
    let (features, labels) = match data {
        "opinion-domains" => (
            vec![feature(
                "text",
                FeatureKind::Tokens {
                    length: 12,
                    cardinality: 60,
                },
            )],
            vec![classes("domain", 4), label("sentiment", LabelKind::Binary)],
        ),
        "lecture-ratings" => (
            vec![
                id("user", 50),
                id("item", 40),
                feature("numbers", FeatureKind::Dense { width: 3 }),
            ],
            vec![label("a", LabelKind::Binary), label("b", LabelKind::Binary)],
        ),
        "generated-regression" => (
            vec![feature("numbers", FeatureKind::Dense { width: 8 })],
            vec![label("a", LabelKind::Real), label("b", LabelKind::Real)],
        ),
        _ => (
            vec![id("user", 50), id("item", 40)],
            vec![classes("next item", 40), classes("next user", 50)],
        ),
    };
    Schema { features, labels }
}

/// Rows whose targets can be learnt: each depends on the ids and numbers of its row.
fn rows(model: &Model) -> GpuData {
    let mut random = Random::stream(4, "rows");
    let mut data = GpuData {
        rows: ROWS,
        ..GpuData::default()
    };
    let mut sums = vec![0_usize; ROWS];
    for input in model.inputs() {
        let (mut ids, mut dense) = (Vec::new(), Vec::new());
        for sum in &mut sums {
            match input.kind {
                FeatureKind::Tokens { length, cardinality } => {
                    let n_tokens = 1 + random.below(length);
                    for position in 0..length {
                        let id = if position < n_tokens {
                            1 + random.below(cardinality - 1)
                        } else {
                            0
                        };
                        *sum += id;
                        ids.push(id as u32);
                    }
                }
                FeatureKind::Id { cardinality } => {
                    let id = random.below(cardinality);
                    *sum += id;
                    ids.push(id as u32);
                }
                FeatureKind::Dense { width } => {
                    dense.extend((0..width).map(|_| random.uniform_in(-1.0, 1.0)))
                }
            }
        }
        data.ids.push(ids);
        data.dense.push(dense);
    }
    for task in model.tasks() {
        let n_values = task.width.max(2);
        data.targets
            .push(sums.iter().map(|sum| (sum % n_values) as f32).collect());
    }
    data
}

fn fill(model: &mut Model, data: &GpuData, rows: &[u32]) {
    let batch = model.batch_mut();
    batch.resize(rows.len());
    let gather = |source: &[f32], target: &mut [f32]| {
        let width = target.len() / rows.len();
        for (target, row) in target.chunks_exact_mut(width.max(1)).zip(rows) {
            target.copy_from_slice(&source[*row as usize * width..(*row as usize + 1) * width]);
        }
    };
    for (target, source) in batch.ids.iter_mut().zip(&data.ids) {
        let width = target.len() / rows.len();
        for (target, row) in target.chunks_exact_mut(width.max(1)).zip(rows) {
            target.copy_from_slice(&source[*row as usize * width..(*row as usize + 1) * width]);
        }
    }
    for (target, source) in batch.dense.iter_mut().zip(&data.dense) {
        gather(source, target);
    }
    for (target, source) in batch.targets.iter_mut().zip(&data.targets) {
        gather(source, target);
    }
}

#[test]
fn loss_curves_agree_for_200_steps() {
    for (device, preset) in both_ways()
        .iter()
        .flat_map(|device| presets::all().iter().map(move |preset| (device, preset)))
    {
        let schema = schema(preset.data);
        let design = preset.design(&schema);
        let options = BuildOptions {
            max_rows: BATCH,
            seed: 9,
            training: true,
        };
        let mut model = Model::build(&design, &schema, &options).expect(preset.key);
        let data = rows(&model);
        let weights: Vec<f32> = model.task_weights().collect();
        let config = OptimizerConfig::default();
        let gpu_options = GpuOptions {
            max_rows: BATCH,
            run_seed: 9,
            optimizer: config.clone(),
            ..GpuOptions::default()
        };
        let mut trainer = block_on(GpuTrainer::new(device, model.plan(), &gpu_options)).expect(preset.key);
        trainer.write_values(model.values()).expect(preset.key);
        block_on(trainer.upload(data.clone())).expect(preset.key);
        let mut optimizer = Optimizer::new(&config, model.values().len());
        let mut cpu_losses = Vec::new();
        for number in 0..STEPS {
            // The last batch of an epoch is short.
            let start = number as usize * BATCH % ROWS;
            let batch: Vec<u32> = (start..(start + BATCH).min(ROWS))
                .map(|row| (row * 7 % ROWS) as u32)
                .collect();
            trainer
                .step(&batch, &step(number, 0.002, &weights))
                .expect(preset.key);
            fill(&mut model, &data, &batch);
            model.forward(Mode::Train { step: number });
            model.backward(&weights);
            cpu_losses.push(model.losses().to_vec());
            let (values, gradients) = model.values_and_gradients();
            optimizer.apply(values, gradients, 0.002);
        }
        let gpu_losses = block_on(trainer.read_losses()).expect(preset.key);
        assert_eq!(gpu_losses.len() as u64, STEPS);
        let mut largest = 0.0_f32;
        for (gpu, cpu) in gpu_losses.iter().zip(&cpu_losses) {
            for (gpu_loss, cpu_loss) in gpu.losses.iter().zip(cpu) {
                largest = largest.max((gpu_loss - cpu_loss).abs());
            }
        }
        assert!(largest < 1e-3, "{}: the curves are {largest} apart", preset.key);
        let (first, last) = (&cpu_losses[0], &cpu_losses[STEPS as usize - 1]);
        assert!(
            first.iter().sum::<f32>() > last.iter().sum(),
            "{}: nothing was learnt",
            preset.key
        );
        say(&format!(
            "{}: {} dispatches per step, curves within {largest:e}",
            preset.key,
            trainer.n_dispatches()
        ));
    }
}
