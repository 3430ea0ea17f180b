//! Activations, losses, layers and fifty steps of training against what Keras computes (`tests/goldens/README.md`).

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
mod goldens;
#[path = "common/samples.rs"]
mod samples;

use std::collections::{BTreeMap, BTreeSet};

use goldens::{Labels, read};
use mtl_base::schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema};
use mtl_base::text::Message;
use mtl_engine::design::Design;
use mtl_engine::layers::{BinaryHead, ClassesHead, Embedding, IdInput, Layer, RegressionHead};
use mtl_engine::model::{BuildOptions, Model};
use mtl_kernels::elementary;
use mtl_program::ops::Op;
use mtl_program::optimizers::{Optimizer, OptimizerConfig};
use mtl_program::specs::Mode;
use samples::Arrays;
use serde::Deserialize;

type Function = fn(f32) -> f32;

/// Every element within `tolerance` of the largest one: an element near 0 carries the rounding of the sums beside it. A tensor that is 0 in
/// exact arithmetic (the gradient of attention's key bias) is compared with 0.005, as the script that makes the goldens does.
fn check(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    assert_eq!(got.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(5e-3_f32, |largest, value| largest.max(value.abs()));
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let difference = (got - expected).abs();
        assert!(
            difference <= tolerance * scale,
            "{what}, element {index}: got {got}, Keras has {expected}; they differ by {difference}, scale {scale}"
        );
    }
}

fn fill(model: &mut Model, rows: usize, inputs: &Arrays, labels: &BTreeMap<String, Labels>) {
    let slots = model.inputs().to_vec();
    let tasks = model.tasks().to_vec();
    let batch = model.batch_mut();
    batch.resize(rows);
    for (slot_idx, slot) in slots.iter().enumerate() {
        let data = &inputs[&slot.feature].data;
        match slot.kind {
            FeatureKind::Dense { .. } => batch.dense[slot_idx].copy_from_slice(data),
            _ => {
                for (id, value) in batch.ids[slot_idx].iter_mut().zip(data) {
                    *id = *value as u32;
                }
            }
        }
    }
    for (task_idx, task) in tasks.iter().enumerate() {
        batch.targets[task_idx].copy_from_slice(&labels[&task.label].0);
    }
}

fn set_weights(model: &mut Model, weights: &Arrays) {
    let parameters = model.parameters().to_vec();
    let names: Vec<&str> = parameters
        .iter()
        .map(|parameter| parameter.name.as_str())
        .collect();
    assert_eq!(
        names.len(),
        weights.len(),
        "parameters {names:?}, Keras has {:?}",
        weights.keys()
    );
    for parameter in &parameters {
        let array = weights
            .get(&parameter.name)
            .unwrap_or_else(|| panic!("Keras has no {}", parameter.name));
        assert_eq!(parameter.shape, array.shape, "{}", parameter.name);
        model.values_mut()[parameter.range.clone()].copy_from_slice(&array.data);
    }
}

#[derive(Deserialize)]
struct ActivationCase {
    name: String,
    inputs: Arrays,
    outputs: Arrays,
    output_gradients: Arrays,
    gradients: Arrays,
}

#[test]
fn elementary_activations_follow_keras() {
    for case in read::<ActivationCase>("activations") {
        let (x, y) = (&case.inputs["x"].data, &case.outputs["y"].data);
        let functions: Option<(Function, Function)> = match case.name.as_str() {
            "gelu" => Some((elementary::gelu, elementary::gelu_derivative)),
            "tanh" => Some((elementary::tanh, |x| {
                1.0 - elementary::tanh(x) * elementary::tanh(x)
            })),
            "sigmoid" => Some((elementary::sigmoid, |x| {
                elementary::sigmoid(x) * elementary::sigmoid(-x)
            })),
            // Without an elementary function of their own: the designs below have them.
            _ => None,
        };
        if let Some((function, derivative)) = functions {
            let got: Vec<f32> = x.iter().map(|x| function(*x)).collect();
            check(&case.name, &got, y, 1e-6);
            let upstream = &case.output_gradients["y"].data;
            let got: Vec<f32> = x
                .iter()
                .zip(upstream)
                .map(|(x, dy)| dy * derivative(*x))
                .collect();
            check(
                &format!("gradient of {}", case.name),
                &got,
                &case.gradients["x"].data,
                1e-6,
            );
        }
    }
}

#[derive(Deserialize)]
struct LossCase {
    name: String,
    label_kind: LabelKind,
    class_weights: Vec<f32>,
    labels: Labels,
    inputs: Arrays,
    loss: f32,
    gradients: Arrays,
}

/// The logits are the rows of an embedding table, so that the table's gradient is that of the logits.
#[test]
fn losses_follow_keras() {
    for case in read::<LossCase>("losses") {
        let logits = &case.inputs["logits"];
        let (rows, width) = (logits.shape[0], logits.shape[1]);
        let name = Message::new("x", "x");
        let kind = FeatureKind::Id { cardinality: rows };
        let schema = Schema {
            features: vec![FeatureSchema {
                key: "row".into(),
                name: name.clone(),
                kind,
            }],
            labels: vec![LabelSchema {
                key: "y".into(),
                name: name.clone(),
                kind: case.label_kind,
                classes: vec![
                    name;
                    if case.label_kind == LabelKind::Binary {
                        2
                    } else {
                        width
                    }
                ],
            }],
        };
        let mut design = Design::new("loss");
        let input = design.add(
            "row_in",
            IdInput {
                feature: "row".into(),
            },
        );
        let table = design.add(
            "table",
            Embedding {
                width,
                ..Embedding::default()
            },
        );
        let (label, projection, class_weights) = ("y".to_owned(), false, case.class_weights.clone());
        let head = match case.label_kind {
            LabelKind::Binary => design.add(
                "y",
                BinaryHead {
                    label,
                    projection,
                    class_weights,
                    ..BinaryHead::default()
                },
            ),
            LabelKind::Classes { .. } => design.add(
                "y",
                ClassesHead {
                    label,
                    projection,
                    class_weights,
                    ..ClassesHead::default()
                },
            ),
            LabelKind::Real => design.add(
                "y",
                RegressionHead {
                    label,
                    projection,
                    ..RegressionHead::default()
                },
            ),
            // Among the designs of the designer's layers.
            LabelKind::MultiLabel { .. } => unreachable!("no such case"),
        };
        design.connect(input, table, 0);
        design.connect(table, head, 0);
        let options = BuildOptions {
            max_rows: rows,
            seed: 1,
            training: true,
        };
        let mut model =
            Model::build(&design, &schema, &options).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        model.values_mut().copy_from_slice(&logits.data);
        let ids: Vec<u32> = (0..rows as u32).collect();
        model.batch_mut().resize(rows);
        model.batch_mut().ids[0].copy_from_slice(&ids);
        model.batch_mut().targets[0].copy_from_slice(&case.labels.0);
        model.forward(Mode::Train { step: 0 });
        check(&case.name, model.losses(), &[case.loss], 1e-6);
        model.backward(&[1.0]);
        check(
            &format!("gradient of {}", case.name),
            model.gradients(),
            &case.gradients["logits"].data,
            2e-6,
        );
    }
}

#[derive(Deserialize)]
struct DesignCase {
    name: String,
    design: Design,
    schema: Schema,
    inputs: Arrays,
    labels: BTreeMap<String, Labels>,
    weights: Arrays,
    outputs: Arrays,
    predictions: Arrays,
    losses: BTreeMap<String, f32>,
    penalty: f32,
    gradients: Arrays,
    input_gradients: Arrays,
    #[serde(default)]
    training: bool,
    /// What the running statistics become.
    #[serde(default)]
    statistics: Arrays,
}

const fn mode(training: bool) -> Mode {
    if training {
        Mode::Train { step: 0 }
    } else {
        Mode::Infer
    }
}

fn check_parameters(what: &str, model: &Model, values: &[f32], expected: &Arrays) {
    for (name, expected) in expected {
        let parameter = model
            .parameters()
            .iter()
            .find(|parameter| parameter.name == *name);
        let range = parameter.unwrap_or_else(|| panic!("{what} {name}")).range.clone();
        check(&format!("{what} {name}"), &values[range], &expected.data, 1e-5);
    }
}

#[test]
fn every_layer_follows_keras() {
    check_designs("layers");
}

#[test]
fn every_layer_of_the_designer_follows_keras() {
    check_designs("designer_layers");
}

#[test]
fn every_sample_follows_keras() {
    check_designs("samples");
}

/// The goldens are those of the samples as they are: every layer and every op is in one. Made again by `generate_keras.py samples`.
#[test]
fn every_layer_and_op_has_a_golden() {
    let goldens: BTreeMap<String, DesignCase> = read::<DesignCase>("samples")
        .into_iter()
        .map(|case| (case.name.clone(), case))
        .collect();
    let exported = samples::all();
    let names = |names: &mut dyn Iterator<Item = &String>| names.cloned().collect::<BTreeSet<_>>();
    assert_eq!(
        names(&mut goldens.keys()),
        names(&mut exported.iter().map(|case| &case.name)),
        "names of goldens and of samples"
    );
    let (mut layers, mut ops) = (BTreeSet::new(), BTreeSet::new());
    for case in &exported {
        let (name, golden) = (&case.name, &goldens[&case.name]);
        assert_eq!(golden.design, case.design, "{name}");
        assert_eq!(golden.schema, case.schema, "{name}");
        assert_eq!(golden.inputs, case.inputs, "{name}");
        assert_eq!(golden.weights, case.weights, "{name}");
        assert_eq!(golden.training, case.training, "{name}");
        for (label, values) in &case.labels {
            let known = |value: &f32| (!value.is_nan()).then_some(*value);
            let golden: Vec<Option<f32>> = golden.labels[label].0.iter().map(known).collect();
            assert_eq!(&golden, values, "{name}: {label}");
        }
        let under_test = case.design.nodes.iter().find(|node| node.name == "under_test");
        layers.insert(under_test.expect("a layer under test").layer.key());
        let options = BuildOptions {
            max_rows: samples::ROWS,
            seed: 1,
            training: false,
        };
        let model = Model::build(&case.design, &case.schema, &options).expect("a sample");
        ops.extend(model.plan().ops.iter().map(Op::key));
    }
    assert_eq!(layers, Layer::all().iter().map(Layer::key).collect());
    assert_eq!(ops, Op::KEYS.iter().copied().collect());
}

fn check_designs(subject: &str) {
    for case in read::<DesignCase>(subject) {
        let name = &case.name;
        let rows = case.inputs.values().next().map_or(0, |input| input.shape[0]);
        let options = BuildOptions {
            max_rows: rows,
            seed: 1,
            training: true,
        };
        let mut model = Model::build(&case.design, &case.schema, &options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        set_weights(&mut model, &case.weights);
        fill(&mut model, rows, &case.inputs, &case.labels);
        model.forward(mode(case.training));
        for node in &case.design.nodes {
            if let (Some(got), Some(expected)) = (model.node_output(node.id), case.outputs.get(&node.name)) {
                check(&format!("{name}: {}", node.name), got, &expected.data, 5e-6);
            }
        }
        check_parameters(
            &format!("{name}: running"),
            &model,
            model.values(),
            &case.statistics,
        );
        let tasks = model.tasks().to_vec();
        for (task_idx, task) in tasks.iter().enumerate() {
            let what = format!("{name}: {}", task.name);
            check(
                &format!("{what}, logits"),
                model.logits(task_idx),
                &case.outputs[&task.name].data,
                5e-6,
            );
            let predicted = model.outputs(task_idx);
            check(
                &format!("{what}, predictions"),
                predicted,
                &case.predictions[&task.name].data,
                5e-6,
            );
            check(
                &format!("{what}, loss"),
                &model.losses()[task_idx..=task_idx],
                &[case.losses[&task.name]],
                5e-6,
            );
            assert_eq!(case.predictions[&task.name].shape, [rows, task.width], "{what}");
        }
        check(
            &format!("{name}: penalty"),
            &[model.penalty()],
            &[case.penalty],
            5e-6,
        );
        let weights: Vec<f32> = model.task_weights().collect();
        model.backward(&weights);
        let n_trainable = model
            .parameters()
            .iter()
            .filter(|parameter| parameter.trainable)
            .count();
        assert_eq!(n_trainable, case.gradients.len(), "{name}");
        check_parameters(
            &format!("{name}: gradient of"),
            &model,
            model.gradients(),
            &case.gradients,
        );
        model.backward_to_inputs(&weights);
        for (slot_idx, slot) in model.inputs().iter().enumerate() {
            if let Some(expected) = case.input_gradients.get(&slot.feature) {
                // Where no loss reaches an input, Keras says 0.
                let zeros = vec![0.0; expected.data.len()];
                let got = model.input_gradient(slot_idx).unwrap_or(&zeros);
                check(
                    &format!("{name}: gradient of {}", slot.feature),
                    got,
                    &expected.data,
                    1e-5,
                );
            }
        }
    }
}

#[derive(Deserialize)]
struct StatisticsBatch {
    inputs: Arrays,
    labels: BTreeMap<String, Labels>,
    training: bool,
    outputs: Arrays,
    statistics: Arrays,
}

#[derive(Deserialize)]
struct StatisticsCase {
    design: Design,
    schema: Schema,
    weights: Arrays,
    batches: Vec<StatisticsBatch>,
}

#[test]
fn running_statistics_follow_keras_over_several_steps() {
    for case in read::<StatisticsCase>("statistics") {
        let max_rows = case.batches[0].labels["y"].0.len();
        let options = BuildOptions {
            max_rows,
            seed: 1,
            training: true,
        };
        let mut model = Model::build(&case.design, &case.schema, &options).expect("a design that trains");
        set_weights(&mut model, &case.weights);
        for (step, batch) in case.batches.iter().enumerate() {
            fill(&mut model, max_rows, &batch.inputs, &batch.labels);
            model.forward(mode(batch.training));
            check(
                &format!("step {step}"),
                model.logits(0),
                &batch.outputs["y"].data,
                5e-6,
            );
            check_parameters(
                &format!("step {step}:"),
                &model,
                model.values(),
                &batch.statistics,
            );
        }
    }
}

#[derive(Deserialize)]
struct Batch {
    inputs: Arrays,
    labels: BTreeMap<String, Labels>,
}

#[derive(Deserialize)]
struct PresetCase {
    name: String,
    design: Design,
    schema: Schema,
    optimizer: OptimizerConfig,
    learning_rate: f32,
    n_steps: usize,
    batches: Vec<Batch>,
    weights: Arrays,
    loss: Vec<f32>,
    losses: BTreeMap<String, Vec<f32>>,
}

fn check_preset(subject: &str) {
    for case in read::<PresetCase>(subject) {
        let name = &case.name;
        let rows = case.batches[0]
            .labels
            .values()
            .next()
            .map_or(0, |labels| labels.0.len());
        let options = BuildOptions {
            max_rows: rows,
            seed: 1,
            training: true,
        };
        let mut model = Model::build(&case.design, &case.schema, &options)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        set_weights(&mut model, &case.weights);
        let weights: Vec<f32> = model.task_weights().collect();
        let tasks = model.tasks().to_vec();
        let mut optimizer = Optimizer::new(&case.optimizer, model.values().len());
        assert_eq!((case.n_steps, case.loss.len()), (50, 50), "{name}");
        let mut worst = 0.0_f32;
        for step in 0..case.n_steps {
            let batch = &case.batches[step % case.batches.len()];
            fill(&mut model, rows, &batch.inputs, &batch.labels);
            model.forward(Mode::Train { step: step as u64 });
            let mut total = model.penalty();
            for (task_idx, task) in tasks.iter().enumerate() {
                let (got, expected) = (model.losses()[task_idx], case.losses[&task.name][step]);
                total += weights[task_idx] * got;
                let difference = (got / expected - 1.0).abs();
                worst = worst.max(difference);
                assert!(
                    difference < 1e-5,
                    "{name}, {}, step {step}: {got}, Keras has {expected}",
                    task.name
                );
            }
            let difference = (total / case.loss[step] - 1.0).abs();
            assert!(
                difference < 1e-5,
                "{name}, step {step}: {total}, Keras has {}",
                case.loss[step]
            );
            model.backward(&weights);
            let (values, gradients) = model.values_and_gradients();
            optimizer.apply(values, gradients, case.learning_rate);
        }
        println!("{name}: largest relative difference of a loss in 50 steps {worst:.1e}");
    }
}

#[test]
fn shared_lstm_trains_as_in_keras() {
    check_preset("preset_a");
}

#[test]
fn pooled_towers_train_as_in_keras() {
    check_preset("preset_b");
}

#[test]
fn ads_and_content_train_as_in_keras() {
    check_preset("preset_c");
}

#[test]
fn item_and_user_train_as_in_keras() {
    check_preset("preset_d");
}
