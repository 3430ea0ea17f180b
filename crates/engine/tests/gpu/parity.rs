//! One layer on both backends. Also in the browser: `tests/wasm` takes this file as it is.

use crate::common::{Bench, bench, build, fill, scatter};
use mtl_base::schema::LabelKind;
use mtl_engine::layers::{
    Activation, AttentionPooling, BatchNormalization, Conv1d, Dense, Dot, Embedding, FactorizationMachine,
    GaussianNoise, GlobalMaxPooling, Gru, Layer, LayerNormalization, Lstm, Maximum, MultiLabelHead, Multiply,
    OrdinalHead, PositionalEmbedding, Sample, SelfAttention, Shape, UnitNormalization,
};
use mtl_program::{
    gpu::{GpuDevice, GpuError, GpuOptions, GpuTrainer, Pass},
    specs::Mode,
};

use super::{batch_of, difference, step};

/// Largest relative error of what is compared, against the largest number of its tensor.
pub const TOLERANCE: f32 = 1e-5;

/// The same for sums of thousands of numbers, and for sums whose terms cancel (a bias in front of a normalisation): two orders of adding differ by
/// about √n · 2⁻²⁴ of the terms' size. Measured on lavapipe: at most 6.7e-5 with threads in teams, 2.1e-5 alone.
pub const LONG_SUMS: f32 = 1e-4;

pub const WEIGHTS: [f32; 3] = [1.0, 0.7, 0.4];

/// What is compared.
pub struct Case {
    pub name: String,
    pub bench: Bench,
    /// Sizes of its batches.
    pub rows: Vec<usize>,
    pub tolerance: f32,
}

impl Case {
    pub fn new(name: impl Into<String>, sample: &Sample, rows: &[usize], tolerance: f32) -> Self {
        Self {
            name: name.into(),
            bench: bench(sample, true, 0),
            rows: rows.to_vec(),
            tolerance,
        }
    }

    pub fn max_rows(&self) -> usize {
        self.rows.iter().copied().max().unwrap_or(1)
    }
}

/// Every layer's samples, with and without a mask.
pub fn every_layer() -> Vec<Case> {
    let mut cases = Vec::new();
    let samples = Layer::samples();
    for (index, sample) in samples.iter().enumerate() {
        let name = format!("{}#{index}", sample.layer.key());
        let is_sequence = |shape: &Shape| matches!(shape, Shape::Sequence { .. });
        if sample.inputs.iter().any(is_sequence) {
            cases.push(Case {
                bench: bench(sample, false, 0),
                ..Case::new(format!("{name} unmasked"), sample, &[4], TOLERANCE)
            });
        }
        cases.push(Case::new(name, sample, &[5, 3, 5], TOLERANCE));
    }
    cases
}

/// Products of every form and of odd sizes.
pub fn products() -> Vec<Case> {
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
    let mut cases = Vec::new();
    for (index, (width, units, rows)) in shapes.into_iter().enumerate() {
        let settings = Dense {
            units,
            activation: activations[index % 6],
            ..Dense::default()
        };
        let sample = Sample::new(settings, [Shape::Vector { width }]);
        let name = format!("dense {width} x {units}");
        cases.push(Case::new(name, &sample, &[rows, rows / 2 + 1], TOLERANCE));
    }
    // A sequence makes a product with many rows, whose weight gradient is a long sum in parts.
    let settings = Dense {
        units: 24,
        activation: Activation::Tanh,
        ..Dense::default()
    };
    let sample = Sample::new(settings, [sequence(30, 20)]);
    cases.push(Case::new("dense over a sequence", &sample, &[40, 11], LONG_SUMS));
    cases
}

/// Heads with many classes, ordered and not, and with many labels.
pub fn wide_heads() -> Vec<Case> {
    let dense = Dense {
        units: 20,
        ..Dense::default()
    };
    let vector = [Shape::Vector { width: 12 }];
    let ordinal = OrdinalHead {
        label: "category".to_owned(),
        ..OrdinalHead::default()
    };
    let labels = MultiLabelHead {
        class_weights: (0..37).map(|label| 0.5 + label as f32 / 20.0).collect(),
        ..MultiLabelHead::default()
    };
    let samples = [
        (Sample::new(dense, vector), 700, TOLERANCE),
        (Sample::new(ordinal, vector), 11, LONG_SUMS),
        (Sample::new(labels, vector), 37, TOLERANCE),
    ];
    samples
        .map(|(sample, n, tolerance)| {
            let name = format!("{}, {n} classes or labels", sample.layer.key());
            let mut case = Case::new(name, &sample, &[50, 7], tolerance);
            for label in &mut case.bench.schema.labels {
                match label.key.as_str() {
                    "category" => label.kind = LabelKind::Classes { n_classes: n },
                    "tags" => label.kind = LabelKind::MultiLabel { n_labels: n },
                    _ => {}
                }
            }
            for node in &mut case.bench.design.nodes {
                if let Layer::ClassesHead(head) = &mut node.layer {
                    head.class_weights.clear();
                }
            }
            case
        })
        .into()
}

const fn sequence(length: usize, width: usize) -> Shape {
    Shape::Sequence { length, width }
}

/// Layers of sizes that take other ways through their kernels than the small samples do.
pub fn real_sizes() -> Vec<Case> {
    let mut cases = Vec::new();
    for (units, length, rows) in [(32, 20, 13), (70, 9, 6), (300, 3, 5)] {
        let lstm = Lstm {
            units,
            ..Lstm::default()
        };
        let gru = Gru {
            units,
            return_sequences: true,
            ..Gru::default()
        };
        for sample in [
            Sample::new(lstm, [sequence(length, 24)]),
            Sample::new(gru, [sequence(length, 24)]),
        ] {
            let name = format!("{} of {units} units", sample.layer.key());
            cases.push(Case::new(name, &sample, &[rows, 3], LONG_SUMS));
        }
    }
    let vectors = |n, width| vec![Shape::Vector { width }; n];
    let attention = SelfAttention {
        heads: 3,
        head_width: 5,
        ..SelfAttention::default()
    };
    let convolution = Conv1d {
        filters: 20,
        kernel_size: 5,
        strides: 2,
        ..Conv1d::default()
    };
    let embedding = Embedding {
        width: 37,
        ..Embedding::default()
    };
    let tokens = Shape::Tokens {
        length: 40,
        cardinality: 3000,
    };
    let by_element = FactorizationMachine { summed: false };
    let samples = [
        (Sample::new(embedding, [tokens]), 33),
        (Sample::new(attention, [sequence(40, 16)]), 7),
        (Sample::new(AttentionPooling::default(), [sequence(30, 40)]), 9),
        (Sample::new(BatchNormalization::default(), vectors(1, 50)), 40),
        (Sample::new(BatchNormalization::default(), [sequence(20, 33)]), 11),
        (Sample::new(LayerNormalization::default(), vectors(1, 70)), 40),
        (Sample::new(LayerNormalization::default(), [sequence(20, 33)]), 11),
        (Sample::new(UnitNormalization::default(), vectors(1, 100)), 40),
        (Sample::new(Dot::default(), vectors(2, 90)), 40),
        (Sample::new(FactorizationMachine::default(), vectors(3, 80)), 20),
        (Sample::new(by_element, vectors(3, 80)), 20),
        (Sample::new(Multiply::default(), vectors(14, 20)), 20),
        (Sample::new(Maximum::default(), vectors(14, 20)), 20),
        (Sample::new(convolution, [sequence(31, 12)]), 9),
        (Sample::new(PositionalEmbedding::default(), [sequence(30, 20)]), 9),
        (Sample::new(GaussianNoise { deviation: 0.5 }, vectors(1, 64)), 40),
    ];
    let pooling = Sample::new(GlobalMaxPooling::default(), [sequence(25, 40)]);
    cases.push(Case::new(
        "global_max_pooling of a real size",
        &pooling,
        &[20, 10],
        TOLERANCE,
    ));
    let settings = BatchNormalization {
        momentum: 0.5,
        ..BatchNormalization::default()
    };
    let norm = Sample::new(settings, vectors(1, 5));
    let short = [40, 1, 2];
    cases.push(Case::new(
        "batch_normalization, short batches",
        &norm,
        &short,
        LONG_SUMS,
    ));
    let mut frozen = Case::new("batch_normalization, frozen", &norm, &[40, 7], LONG_SUMS);
    let node = frozen.bench.under_test;
    if let Some(node) = frozen.bench.design.node_mut(node) {
        node.frozen = true;
    }
    cases.push(frozen);
    for (index, (sample, rows)) in samples.iter().enumerate() {
        let name = format!("{} of a real size #{index}", sample.layer.key());
        cases.push(Case::new(name, sample, &[*rows, rows / 2], LONG_SUMS));
    }
    cases
}

/// Runs a case on both backends and compares losses, predictions, what the node under test puts out, every gradient, and
/// predictions after training; the largest error, against the largest number of its tensor.
pub async fn compare(device: &GpuDevice, case: &Case) -> Result<f32, String> {
    let wrong = |error: GpuError| format!("{}: {error}", case.name);
    let max_rows = case.max_rows();
    let mut model = build(&case.bench, max_rows);
    scatter(&mut model, 11);
    let weights = &WEIGHTS[..model.tasks().len()];
    let options = GpuOptions {
        max_rows,
        run_seed: 5,
        ..GpuOptions::default()
    };
    let mut trainer = GpuTrainer::new(device, model.plan(), &options)
        .await
        .map_err(wrong)?;
    trainer.write_values(model.values()).map_err(wrong)?;
    let mut largest = 0.0_f32;
    for (index, rows) in case.rows.iter().copied().enumerate() {
        let number = 3 + index as u64;
        let settings = step(number, 0.0, weights);
        let mut check = |what: &str, got: &[f32], expected: &[f32]| {
            let what = format!("{}, {rows} rows: {what}", case.name);
            largest = largest.max(difference(&what, got, expected, case.tolerance)?);
            Ok::<_, String>(())
        };
        fill(&mut model, rows, 7 + number);
        trainer.upload(batch_of(&model)).await.map_err(wrong)?;
        let all: Vec<u32> = (0..rows as u32).collect();
        trainer.run(Pass::Gradients, &all, &settings).map_err(wrong)?;
        model.forward(Mode::Train { step: number });
        model.backward_tasks(weights);
        let read = trainer.read_losses().await.map_err(wrong)?;
        let losses = read.last().ok_or("no losses")?;
        check("losses", &losses.losses, model.losses())?;
        let node = case.bench.under_test;
        let outputs = &model.plan().node_outputs;
        let value = outputs
            .iter()
            .find(|(id, _)| *id == node)
            .map(|(_, value)| *value);
        if let (Some(expected), Some(value)) = (model.node_output(node).map(<[f32]>::to_vec), value) {
            let got = trainer.read_value(value, expected.len()).await.map_err(wrong)?;
            check("output", &got, &expected)?;
        }
        for task in 0..model.tasks().len() {
            let got = trainer.read_outputs(task, rows).await.map_err(wrong)?;
            check(&format!("prediction {task}"), &got, model.outputs(task))?;
        }
        let gradients = trainer.read_gradients().await.map_err(wrong)?;
        for parameter in model.parameters() {
            let range = parameter.range.clone();
            let what = format!("gradient of {}", parameter.name);
            check(&what, &gradients[range.clone()], &model.gradients()[range])?;
        }
        // A running statistic moves in forward.
        let values = trainer.read_values().await.map_err(wrong)?;
        check("parameters", &values, model.values())?;
        trainer.run(Pass::Infer, &all, &settings).map_err(wrong)?;
        model.forward(Mode::Infer);
        for task in 0..model.tasks().len() {
            let got = trainer.read_outputs(task, rows).await.map_err(wrong)?;
            check(&format!("inference {task}"), &got, model.outputs(task))?;
        }
    }
    Ok(largest)
}
