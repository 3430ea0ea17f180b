//! What the law suite and the golden tests share: designs around one layer, random batches, losses in `f64`.
#![allow(dead_code, reason = "each test uses a part")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests compare with the platform's functions"
)]

use mtl_base::{
    NodeId,
    schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema},
    settings::{Settings, Value},
    text::Message,
};
use mtl_engine::{
    design::Design,
    layers::{
        Activation, Arity, BinaryHead, ClassesHead, Dense, DenseInput, Embedding, GlobalAveragePooling,
        IdInput, Layer, RegressionHead, Sample, Shape, TokenInput,
    },
    model::{BuildOptions, Model},
};
use mtl_kernels::random::Random;

pub fn feature(key: &str, kind: FeatureKind) -> FeatureSchema {
    FeatureSchema {
        key: key.to_owned(),
        name: Message::new(key, key),
        kind,
    }
}

pub fn label(key: &str, kind: LabelKind) -> LabelSchema {
    LabelSchema {
        key: key.to_owned(),
        name: Message::new(key, key),
        kind,
        classes: Vec::new(),
    }
}

/// A label and a feature of each kind.
pub fn schema() -> Schema {
    Schema {
        features: vec![
            feature(
                "text",
                FeatureKind::Tokens {
                    length: 4,
                    cardinality: 9,
                },
            ),
            feature("user", FeatureKind::Id { cardinality: 6 }),
            feature("item", FeatureKind::Id { cardinality: 7 }),
            feature("dense", FeatureKind::Dense { width: 3 }),
        ],
        labels: vec![
            label("like", LabelKind::Binary),
            label("category", LabelKind::Classes { n_classes: 3 }),
            label("rating", LabelKind::Real),
            label("tags", LabelKind::MultiLabel { n_labels: 3 }),
        ],
    }
}

/// A sample with something before and after it: `under_test` is the layer's node.
pub struct Bench {
    pub design: Design,
    pub schema: Schema,
    pub under_test: NodeId,
}

/// Puts a sample between inputs whose parameters see its input gradients, and three heads. Sequences are `longer` steps
/// longer than the sample says; `masked` says whether padding is marked.
pub fn bench(sample: &Sample, masked: bool, longer: usize) -> Bench {
    let mut design = Design::new("bench");
    let mut schema = schema();
    let mut sources = Vec::new();
    for (index, shape) in sample.inputs.iter().enumerate() {
        let key = format!("x{index}");
        let before = format!("before{index}");
        let source = match *shape {
            Shape::Vector { width } => {
                schema
                    .features
                    .push(feature(&key, FeatureKind::Dense { width: 3 }));
                let input = design.add(&key, DenseInput { feature: key.clone() });
                let settings = Dense {
                    units: width,
                    activation: Activation::Tanh,
                    ..Dense::default()
                };
                let dense = design.add(before, settings);
                design.connect(input, dense, 0);
                dense
            }
            Shape::Sequence { length, width } => {
                let kind = FeatureKind::Tokens {
                    length: length + longer,
                    cardinality: 9,
                };
                schema.features.push(feature(&key, kind));
                let input = design.add(&key, TokenInput { feature: key.clone() });
                let settings = Embedding {
                    width,
                    mask_zero: masked,
                    ..Embedding::default()
                };
                let embedding = design.add(before, settings);
                design.connect(input, embedding, 0);
                embedding
            }
            Shape::Tokens { length, cardinality } => {
                let kind = FeatureKind::Tokens {
                    length: length + longer,
                    cardinality,
                };
                schema.features.push(feature(&key, kind));
                design.add(&key, TokenInput { feature: key.clone() })
            }
            Shape::Id { cardinality } => {
                schema
                    .features
                    .push(feature(&key, FeatureKind::Id { cardinality }));
                design.add(&key, IdInput { feature: key.clone() })
            }
        };
        sources.push(source);
    }
    let under_test = design.add("under_test", sample.layer.clone());
    // What there is more of than handles goes to the handle that takes many.
    let handles = sample.layer.inputs();
    let many = handles
        .iter()
        .position(|handle| handle.arity == Arity::Many)
        .unwrap_or(0);
    let n_more = sources.len().saturating_sub(handles.len());
    for (index, source) in sources.into_iter().enumerate() {
        let handle = if index <= many {
            index
        } else {
            many.max(index - n_more.min(index))
        };
        design.connect(source, under_test, handle);
    }
    if !sample.layer.is_head() {
        add_heads(&mut design, &schema, under_test);
    }
    Bench {
        design,
        schema,
        under_test,
    }
}

fn add_heads(design: &mut Design, schema: &Schema, from: NodeId) {
    let shape = mtl_engine::design::check::check(design, schema).nodes[&from].outputs[0];
    let mut at = from;
    if matches!(shape, Shape::Tokens { .. } | Shape::Id { .. }) {
        let embedding = design.add(
            "after_embedding",
            Embedding {
                width: 3,
                ..Embedding::default()
            },
        );
        design.connect(at, embedding, 0);
        at = embedding;
    }
    if matches!(shape, Shape::Tokens { .. } | Shape::Sequence { .. }) {
        let pooling = design.add("after_pooling", GlobalAveragePooling::default());
        design.connect(at, pooling, 0);
        at = pooling;
    }
    let heads: [(&str, Layer); 3] = [
        (
            "like",
            BinaryHead {
                class_weights: vec![0.5, 2.0],
                ..BinaryHead::default()
            }
            .into(),
        ),
        (
            "category",
            ClassesHead {
                class_weights: vec![1.0, 0.5, 2.0],
                ..ClassesHead::default()
            }
            .into(),
        ),
        ("rating", RegressionHead::default().into()),
    ];
    for (name, head) in heads {
        let head = design.add(name, head);
        design.connect(at, head, 0);
    }
}

pub fn build(bench: &Bench, max_rows: usize) -> Model {
    let options = BuildOptions {
        max_rows,
        seed: 5,
        training: true,
    };
    match Model::build(&bench.design, &bench.schema, &options) {
        Ok(model) => model,
        Err(error) => panic!("{error}\n{:#?}", bench.design),
    }
}

/// Draws trainable parameters anew, so that biases are not 0.
pub fn scatter(model: &mut Model, seed: u64) {
    let mut random = Random::stream(seed, "scatter");
    for parameter in model.parameters().to_vec() {
        if parameter.trainable {
            model.values_mut()[parameter.range].fill_with(|| random.uniform_in(-0.7, 0.7));
        }
    }
}

/// Fills a batch at random: texts end in padding, one row is all padding, some targets are missing.
pub fn fill(model: &mut Model, rows: usize, seed: u64) {
    let mut random = Random::stream(seed, "batch");
    let inputs = model.inputs().to_vec();
    let tasks = model.tasks().to_vec();
    let batch = model.batch_mut();
    batch.resize(rows);
    for (slot, input) in inputs.iter().enumerate() {
        match input.kind {
            FeatureKind::Tokens { length, cardinality } => {
                for (row, ids) in batch.ids[slot].chunks_exact_mut(length).enumerate() {
                    ids.fill(0);
                    let n_tokens = match row {
                        0 => length,
                        2 => 0,
                        _ => 1 + random.below(length),
                    };
                    ids[..n_tokens].fill_with(|| 1 + random.below(cardinality - 1) as u32);
                }
            }
            FeatureKind::Id { cardinality } => {
                batch.ids[slot].fill_with(|| random.below(cardinality) as u32);
            }
            FeatureKind::Dense { .. } => batch.dense[slot].fill_with(|| random.uniform_in(-1.0, 1.0)),
        }
    }
    for (task, targets) in tasks.iter().zip(&mut batch.targets) {
        let width = task.kind.width();
        for (index, target) in targets.iter_mut().enumerate() {
            let value = match task.kind {
                LabelKind::Binary | LabelKind::MultiLabel { .. } => random.below(2) as f32,
                LabelKind::Classes { n_classes } => random.below(n_classes) as f32,
                LabelKind::Real => random.uniform_in(-1.0, 1.0),
            };
            // Row 1 has no label; of several labels one is missing in row 0 too.
            let is_missing = index / width == 1 || index + 1 == width && width > 1;
            *target = if is_missing { f32::NAN } else { value };
        }
    }
}

/// `Σ_t w_t L_t + penalty` in `f64`, from the logits of the last forward pass.
pub fn loss_f64(bench: &Bench, model: &Model, weights: &[f32]) -> f64 {
    let mut total = 0.0;
    for (task_idx, task) in model.tasks().iter().enumerate() {
        let layer = &bench.design.node(task.node).expect("a head").layer;
        let class_weights = match layer.get("class_weights") {
            Some(Value::Reals(weights)) => weights,
            _ => Vec::new(),
        };
        let class_weight = |class: usize| class_weights.get(class).copied().unwrap_or(1.0);
        if layer.key() == "ordinal_head" {
            total += f64::from(weights[task_idx]) * ordinal_loss_f64(model, task_idx, &class_weights);
            continue;
        }
        let logits: Vec<f64> = model.logits(task_idx).iter().map(|z| f64::from(*z)).collect();
        let (mut sum, mut n) = (0.0, 0.0);
        // Labels side by side count as so many rows.
        let n_labels = task.kind.width();
        let rows = logits.chunks_exact(task.width / n_labels);
        for (index, (z, y)) in rows.zip(&model.batch().targets[task_idx]).enumerate() {
            if y.is_nan() {
                continue;
            }
            n += 1.0;
            sum += match task.kind {
                LabelKind::Binary | LabelKind::MultiLabel { .. } => {
                    let signed = if *y > 0.5 { -z[0] } else { z[0] };
                    let class = if task.kind == LabelKind::Binary {
                        *y as usize
                    } else {
                        index % n_labels
                    };
                    class_weight(class) * (1.0 + signed.exp()).ln()
                }
                LabelKind::Classes { .. } => {
                    let log_sum = z.iter().map(|z| z.exp()).sum::<f64>().ln();
                    class_weight(*y as usize) * (log_sum - z[*y as usize])
                }
                LabelKind::Real => (z[0] - f64::from(*y)).powi(2),
            };
        }
        total += f64::from(weights[task_idx]) * sum / f64::max(n, 1.0);
    }
    total
}

/// The loss of ordered classes by its definition.
fn ordinal_loss_f64(model: &Model, task_idx: usize, class_weights: &[f64]) -> f64 {
    let task = &model.tasks()[task_idx];
    let named = |parameter: &&mtl_program::specs::ParameterSpec| {
        parameter.node == task.node && parameter.name.ends_with("/thresholds")
    };
    let thresholds = model
        .parameters()
        .iter()
        .find(named)
        .expect("an ordinal head has thresholds");
    let mut cuts = Vec::new();
    for (index, value) in model.values()[thresholds.range.clone()].iter().enumerate() {
        let value = f64::from(*value);
        cuts.push(if index == 0 {
            value
        } else {
            cuts[index - 1] + (1.0 + value.exp()).ln() + 1e-3
        });
    }
    let (mut sum, mut n) = (0.0, 0.0);
    for (score, y) in model
        .logits(task_idx)
        .iter()
        .zip(&model.batch().targets[task_idx])
    {
        if y.is_nan() {
            continue;
        }
        n += 1.0;
        let above = |cut: f64| 1.0 / (1.0 + (cut - f64::from(*score)).exp());
        let class = *y as usize;
        let upper = if class == 0 { 1.0 } else { above(cuts[class - 1]) };
        let lower = cuts.get(class).map_or(0.0, |cut| above(*cut));
        sum -= class_weights.get(class).copied().unwrap_or(1.0) * (upper - lower).ln();
    }
    sum / f64::max(n, 1.0)
}

/// The penalty in `f64`, from the settings `l1` and `l2` of the nodes and the kernels' values.
pub fn penalty_f64(bench: &Bench, model: &Model) -> f64 {
    let mut total = 0.0;
    for parameter in model.parameters() {
        let layer = &bench.design.node(parameter.node).expect("a node").layer;
        let factor = |key: &str| match layer.get(key) {
            Some(Value::Real(value)) => value,
            _ => 0.0,
        };
        let weights = ["kernel", "embeddings"]
            .iter()
            .any(|name| parameter.name.contains(name));
        if weights {
            for value in &model.values()[parameter.range.clone()] {
                let value = f64::from(*value);
                total += factor("l1") * value.abs() + factor("l2") * value * value;
            }
        }
    }
    for tie in &bench.design.ties {
        let of = |node: NodeId| {
            let parameters = model
                .parameters()
                .iter()
                .filter(move |parameter| parameter.node == node);
            parameters.flat_map(|parameter| model.values()[parameter.range.clone()].iter().copied())
        };
        let squared = of(tie.a).zip(of(tie.b)).map(|(a, b)| f64::from(a - b).powi(2));
        total += f64::from(tie.strength) * squared.sum::<f64>();
    }
    total
}
