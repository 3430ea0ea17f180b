//! Laws that every layer keeps, over the samples that it declares.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod common;
#[path = "laws/names.rs"]
mod names;

use common::{Bench, bench, build, fill, loss_f64, penalty_f64, scatter, schema};
use mtl_base::settings::{FieldKind, Settings};
use mtl_engine::{
    design::{Design, Tie, check::check},
    layers::{
        Activation, BatchNormalization, BinaryHead, Conv1d, ConvolutionPadding, Dense, DenseInput, Embedding,
        GradientReversal, Layer, LayerKind, RegressionHead, Sample, Scale, Shape, StopGradient,
    },
    model::Model,
};
use mtl_program::specs::{Mode, TaskSet};

const ROWS: usize = 5;
const TRAIN: Mode = Mode::Train { step: 3 };
const WEIGHTS: [f32; 3] = [1.0, 0.7, 0.4];

fn samples() -> Vec<(String, Sample)> {
    let all = Layer::samples();
    for layer in Layer::all() {
        assert!(
            all.iter().any(|sample| sample.layer.key() == layer.key()),
            "{} has no sample",
            layer.key()
        );
    }
    all.into_iter()
        .enumerate()
        .map(|(index, sample)| (format!("{}#{index}", sample.layer.key()), sample))
        .collect()
}

/// Whether the layer's output depends on how much padding there is; each with its reason.
fn reads_padding(layer: &Layer) -> bool {
    // Flatten puts every step, padding included, at a place of its own; where the windows of a convolution start and how
    // many there are depends on the length, unless there is one per step; an embedding may be told not to mask.
    let window_per_step = |conv: &Conv1d| conv.strides == 1 && conv.padding != ConvolutionPadding::Valid;
    matches!(layer, Layer::Conv1d(conv) if !window_per_step(conv))
        || layer.key() == "flatten"
        || layer.get("mask_zero") == Some(mtl_base::settings::Value::Flag(false))
}

/// Compares the gradients of every parameter with central differences of the loss in `f64`.
fn check_gradients(name: &str, bench: &Bench) {
    let mut model = build(bench, ROWS);
    scatter(&mut model, 11);
    fill(&mut model, ROWS, 7);
    let weights = &WEIGHTS[..model.tasks().len()];
    model.forward(TRAIN);
    let expected_loss = loss_f64(bench, &model, weights);
    let loss: f64 = model
        .losses()
        .iter()
        .zip(weights)
        .map(|(loss, weight)| f64::from(loss * weight))
        .sum();
    assert!(
        (loss - expected_loss).abs() < 1e-5 * (1.0 + loss.abs()),
        "{name}: loss {loss}, in f64 {expected_loss}"
    );
    let (penalty, expected_penalty) = (f64::from(model.penalty()), penalty_f64(bench, &model));
    assert!(
        (penalty - expected_penalty).abs() < 1e-5,
        "{name}: penalty {penalty}, in f64 {expected_penalty}"
    );
    model.backward(weights);
    let gradients = model.gradients().to_vec();
    assert!(
        gradients.iter().any(|gradient| *gradient != 0.0),
        "{name}: no gradient at all"
    );
    let (mut n_checked, mut n_kinks) = (0, 0);
    for parameter in model.parameters().to_vec() {
        if !parameter.trainable {
            assert!(
                gradients[parameter.range].iter().all(|gradient| *gradient == 0.0),
                "{name}: a statistic"
            );
            continue;
        }
        for index in parameter.range.clone() {
            let value = model.values()[index];
            let mut at = |value: f32| {
                model.values_mut()[index] = value;
                model.forward(TRAIN);
                loss_f64(bench, &model, weights) + penalty_f64(bench, &model)
            };
            let step = 0.004;
            let (low, middle, high) = (at(value - step), at(value), at(value + step));
            let width = f64::from((value + step) - (value - step));
            at(value);
            n_checked += 1;
            let numeric = (high - low) / width;
            let gradient = f64::from(gradients[index]);
            let tolerance = 4e-4 + 2e-3 * numeric.abs();
            // Where the two sides differ, a kink (of a ReLU, of a maximum) lies between: the gradient is that of a side.
            let (left, right) = ((middle - low) / (width / 2.0), (high - middle) / (width / 2.0));
            let sides = left.min(right) - tolerance..left.max(right) + tolerance;
            if (gradient - numeric).abs() >= tolerance && sides.contains(&gradient) {
                n_kinks += 1;
                continue;
            }
            assert!(
                (gradient - numeric).abs() < tolerance,
                "{name}: {}[{}]: gradient {gradient}, differences {numeric}",
                parameter.name,
                index - parameter.range.start,
            );
        }
    }
    assert!(
        n_kinks * 10 <= n_checked,
        "{name}: {n_kinks} of {n_checked} at a kink"
    );
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for (name, sample) in samples() {
        // These two give another gradient than that of what they compute, on purpose: see the next test.
        if matches!(sample.layer.key(), "gradient_reversal" | "stop_gradient") {
            continue;
        }
        check_gradients(&name, &bench(&sample, true, 0));
        if sample
            .inputs
            .iter()
            .any(|shape| matches!(shape, Shape::Sequence { .. }))
        {
            check_gradients(&format!("{name} unmasked"), &bench(&sample, false, 0));
        }
    }
}

#[test]
fn gradients_are_reversed_and_stopped() {
    let upstream = |layer: Layer| {
        let bench = bench(&Sample::new(layer, [Shape::Vector { width: 3 }]), true, 0);
        let mut model = build(&bench, ROWS);
        scatter(&mut model, 1);
        fill(&mut model, ROWS, 2);
        model.forward(TRAIN);
        model.backward_tasks(&WEIGHTS);
        let before = model
            .parameters()
            .iter()
            .find(|parameter| parameter.name == "before0/kernel")
            .unwrap();
        (model.gradients()[before.range.clone()].to_vec(), before.tasks)
    };
    let (plain, tasks) = upstream(Scale { factor: 1.0 }.into());
    let (reversed, _) = upstream(GradientReversal { strength: 0.5 }.into());
    assert!(tasks.len() == 3 && plain.iter().any(|gradient| gradient.abs() > 0.01));
    for (plain, reversed) in plain.iter().zip(&reversed) {
        assert!((reversed + 0.5 * plain).abs() < 1e-6, "{plain} {reversed}");
    }
    let (stopped, tasks) = upstream(StopGradient::default().into());
    assert!(stopped.iter().all(|gradient| *gradient == 0.0) && tasks.is_empty());
}

#[test]
fn running_statistics_follow_the_batches() {
    let settings = BatchNormalization {
        momentum: 0.5,
        ..BatchNormalization::default()
    };
    let bench = bench(&Sample::new(settings, [Shape::Vector { width: 2 }]), true, 0);
    let mut model = build(&bench, ROWS);
    fill(&mut model, ROWS, 2);
    model.forward(TRAIN);
    let before: Vec<f32> = model.node_output(bench.design.nodes[1].id).unwrap().to_vec();
    let normalized: Vec<f32> = model.node_output(bench.under_test).unwrap().to_vec();
    for column in 0..2 {
        let of = |values: &[f32]| -> Vec<f32> { values.chunks_exact(2).map(|row| row[column]).collect() };
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let x = of(&before);
        let batch_mean = mean(&x);
        let variance = mean(
            &x.iter()
                .map(|x| (x - batch_mean) * (x - batch_mean))
                .collect::<Vec<_>>(),
        );
        let statistic = |name: &str| {
            let parameter = model
                .parameters()
                .iter()
                .find(|parameter| parameter.name == name)
                .unwrap();
            model.values()[parameter.range.clone()][column]
        };
        assert!((statistic("under_test/moving_mean") - 0.5 * batch_mean).abs() < 1e-6);
        assert!((statistic("under_test/moving_variance") - (0.5 + 0.5 * variance)).abs() < 1e-6);
        assert!(
            mean(&of(&normalized)).abs() < 1e-5,
            "while training the batch's own mean is taken off"
        );
    }
    let values = model.values().to_vec();
    model.forward(Mode::Infer);
    assert_eq!(model.values(), values, "a prediction changes nothing");
    let predicted = model.node_output(bench.under_test).unwrap();
    assert!(
        predicted
            .iter()
            .zip(&normalized)
            .any(|(a, b)| (a - b).abs() > 1e-3),
        "it uses the running ones"
    );
}

/// The running statistics of a batch normalisation on two columns, by its short names.
fn statistics_of(model: &Model) -> [Vec<f32>; 2] {
    ["under_test/moving_mean", "under_test/moving_variance"].map(|name| {
        let parameter = model.parameters().iter().find(|parameter| parameter.name == name);
        model.values()[parameter.expect("a statistic").range.clone()].to_vec()
    })
}

/// 80 rows in batches of 79: the last batch has one row, which has no variance. It neither moves the running statistics nor gives every
/// row the same answer; one of two rows moves them by two rows.
#[test]
fn a_short_last_batch_weighs_its_rows() {
    let settings = BatchNormalization {
        momentum: 0.5,
        ..BatchNormalization::default()
    };
    let bench = bench(&Sample::new(settings, [Shape::Vector { width: 2 }]), true, 0);
    let mut model = build(&bench, 79);
    for _ in 0..30 {
        fill(&mut model, 79, 2);
        model.forward(TRAIN);
        let full = statistics_of(&model);
        fill(&mut model, 1, 3);
        model.forward(TRAIN);
        assert_eq!(statistics_of(&model), full, "one value has no variance");
        let output = model.node_output(bench.under_test).unwrap().to_vec();
        model.forward(Mode::Infer);
        assert_eq!(output, model.node_output(bench.under_test).unwrap());
    }
    fill(&mut model, 79, 2);
    model.forward(TRAIN);
    let before = model.node_output(bench.design.nodes[1].id).unwrap().to_vec();
    for (column, running) in statistics_of(&model)[1].iter().enumerate() {
        let x = || before.iter().skip(column).step_by(2);
        let mean = x().sum::<f32>() / 79.0;
        let variance = x().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 79.0;
        assert!(
            (running / variance - 1.0).abs() < 1e-4,
            "{running}, a full batch has {variance}"
        );
    }
    let full = statistics_of(&model);
    fill(&mut model, 2, 3);
    model.forward(TRAIN);
    let x = model.node_output(bench.design.nodes[1].id).unwrap().to_vec();
    let share = 0.5 * 2.0 / 79.0;
    for column in 0..2 {
        let expected = full[0][column] * (1.0 - share) + share * (x[column] + x[2 + column]) / 2.0;
        assert!((statistics_of(&model)[0][column] - expected).abs() < 1e-6);
    }
}

#[test]
fn ties_pull_parameters_together() {
    let mut design = Design::new("ties");
    let x = design.add(
        "x",
        DenseInput {
            feature: "dense".into(),
        },
    );
    let settings = Dense {
        units: 2,
        activation: Activation::Tanh,
        ..Dense::default()
    };
    let (a, b) = (design.add("a", settings.clone()), design.add("b", settings));
    let (yes, amount) = (
        design.add("yes", BinaryHead::default()),
        design.add("amount", RegressionHead::default()),
    );
    design.connect(x, a, 0);
    design.connect(x, b, 0);
    design.connect(a, yes, 0);
    design.connect(b, amount, 0);
    design.ties.push(Tie { a, b, strength: 0.3 });
    check_gradients(
        "tie",
        &Bench {
            design,
            schema: schema(),
            under_test: a,
        },
    );
}

#[test]
fn shapes_are_those_that_are_computed() {
    for (name, sample) in samples() {
        let bench = bench(&sample, true, 0);
        let checked = check(&bench.design, &bench.schema);
        assert!(checked.trains(), "{name}: {:?}", checked.problems);
        let report = &checked.nodes[&bench.under_test];
        let model = build(&bench, ROWS);
        let of_node = model
            .parameters()
            .iter()
            .filter(|parameter| parameter.node == bench.under_test);
        assert_eq!(
            of_node.map(|parameter| parameter.range.len()).sum::<usize>(),
            report.n_parameters,
            "{name}"
        );
        assert_eq!(
            report.outputs.len(),
            sample.layer.outputs().len(),
            "{name}: outputs"
        );
        for (port, shape) in sample.layer.outputs().iter().zip(&report.outputs) {
            let fits = mtl_engine::layers::PortKind::accepts(port.kind, *shape);
            assert!(
                fits,
                "{name}: a handle for {} gives {shape}",
                port.kind.label().en
            );
        }
        assert_eq!(checked.macs, model.plan().macs(), "{name}");
    }
}

#[test]
fn settings_and_files_say_the_same() {
    for layer in Layer::all()
        .into_iter()
        .chain(samples().into_iter().map(|(_, sample)| sample.layer))
    {
        let text = serde_json::to_string(&layer).unwrap();
        assert_eq!(serde_json::from_str::<Layer>(&text).unwrap(), layer, "{text}");
        assert!(text.contains(&format!("\"type\":\"{}\"", layer.key())), "{text}");
        let empty = format!("{{\"type\":\"{}\"}}", layer.key());
        let default = Layer::from_key(layer.key()).unwrap();
        assert_eq!(
            serde_json::from_str::<Layer>(&empty).unwrap(),
            default,
            "missing settings take their defaults"
        );
        for field in layer.fields() {
            let value = layer.get(field.key).unwrap();
            assert_eq!(
                field.accept(&value).unwrap(),
                value,
                "{}.{}",
                layer.key(),
                field.key
            );
            let mut copy = layer.clone();
            copy.set(field.key, &value).unwrap();
            assert_eq!(copy, layer);
            assert!(
                !field.label.zh.is_empty() && !field.help.zh.is_empty(),
                "{}.{}",
                layer.key(),
                field.key
            );
            if let FieldKind::Choice { options } = field.kind {
                for (key, _) in options {
                    copy.set(field.key, &mtl_base::settings::Value::Words((*key).to_owned()))
                        .unwrap();
                }
            }
        }
        assert!(!layer.about().en.is_empty() && !layer.about().zh.is_empty() && !layer.name().zh.is_empty());
    }
}

/// Losses, outputs and gradients of a model, as bits.
fn results(model: &mut Model, mode: Mode) -> Vec<u32> {
    model.forward(mode);
    let weights: Vec<f32> = WEIGHTS[..model.tasks().len()].to_vec();
    model.backward(&weights);
    let outputs = (0..model.tasks().len()).flat_map(|task| model.outputs(task).to_vec());
    let numbers = outputs
        .chain(model.losses().to_vec())
        .chain(model.gradients().to_vec());
    numbers.map(f32::to_bits).collect()
}

#[test]
fn a_short_batch_gives_what_a_smaller_model_gives() {
    for (name, sample) in samples() {
        let bench = bench(&sample, true, 0);
        let (mut large, mut small) = (build(&bench, ROWS), build(&bench, 3));
        scatter(&mut large, 1);
        scatter(&mut small, 1);
        fill(&mut large, ROWS, 2);
        large.forward(TRAIN);
        large.backward(&WEIGHTS[..large.tasks().len()]);
        fill(&mut large, 3, 9);
        fill(&mut small, 3, 9);
        let initial = small.values().to_vec();
        // Running statistics have moved with the first batch.
        large.values_mut().copy_from_slice(&initial);
        assert_eq!(results(&mut large, TRAIN), results(&mut small, TRAIN), "{name}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits() {
    for (name, sample) in samples() {
        let bench = bench(&sample, true, 0);
        let run = || {
            let mut model = build(&bench, ROWS);
            fill(&mut model, ROWS, 4);
            let mut bits = results(&mut model, TRAIN);
            bits.extend(results(&mut model, Mode::Train { step: 4 }));
            bits
        };
        assert_eq!(run(), run(), "{name}");
    }
}

#[test]
fn gradients_per_task_add_up_and_leave_the_others_alone() {
    for (name, sample) in samples() {
        let bench = bench(&sample, true, 0);
        let mut model = build(&bench, ROWS);
        scatter(&mut model, 3);
        fill(&mut model, ROWS, 5);
        model.forward(TRAIN);
        let n_tasks = model.tasks().len();
        let mut sum = vec![0.0_f64; model.gradients().len()];
        for task in 0..n_tasks {
            let mut weights = vec![0.0; n_tasks];
            weights[task] = WEIGHTS[task];
            model.backward_tasks(&weights);
            for parameter in model.parameters() {
                let gradients = &model.gradients()[parameter.range.clone()];
                if !parameter.tasks.contains(task) {
                    assert!(
                        gradients.iter().all(|gradient| *gradient == 0.0),
                        "{name}: {}",
                        parameter.name
                    );
                }
            }
            for (sum, gradient) in sum.iter_mut().zip(model.gradients()) {
                *sum += f64::from(*gradient);
            }
        }
        model.backward_tasks(&WEIGHTS[..n_tasks]);
        for (index, (sum, gradient)) in sum.iter().zip(model.gradients()).enumerate() {
            let difference = (sum - f64::from(*gradient)).abs();
            assert!(
                difference < 1e-6 + 1e-5 * sum.abs(),
                "{name}: {index}: {sum} against {gradient}"
            );
        }
    }
}

#[test]
fn padding_changes_nothing() {
    for (name, sample) in samples() {
        let has_sequence = sample
            .inputs
            .iter()
            .any(|shape| matches!(shape, Shape::Sequence { .. } | Shape::Tokens { .. }));
        if !has_sequence || reads_padding(&sample.layer) {
            continue;
        }
        let (short, long) = (bench(&sample, true, 0), bench(&sample, true, 3));
        let (mut a, mut b) = (build(&short, ROWS), build(&long, ROWS));
        if a.parameters()
            .iter()
            .zip(b.parameters())
            .any(|(a, b)| a.shape != b.shape)
        {
            continue;
        }
        scatter(&mut a, 8);
        scatter(&mut b, 8);
        fill(&mut a, ROWS, 6);
        fill(&mut b, ROWS, 6);
        for (slot, input) in a.inputs().to_vec().iter().enumerate() {
            let ids = a.batch().ids[slot].clone();
            if let mtl_base::schema::FeatureKind::Tokens { length, .. } = input.kind {
                for (row, ids) in ids.chunks_exact(length).enumerate() {
                    let target = &mut b.batch_mut().ids[slot][row * (length + 3)..(row + 1) * (length + 3)];
                    target.fill(0);
                    target[..length].copy_from_slice(ids);
                }
            } else {
                b.batch_mut().ids[slot].copy_from_slice(&ids);
            }
            let dense = a.batch().dense[slot].clone();
            b.batch_mut().dense[slot].copy_from_slice(&dense);
        }
        let targets = a.batch().targets.clone();
        b.batch_mut().targets = targets;
        for mode in [Mode::Infer, TRAIN] {
            a.forward(mode);
            b.forward(mode);
            // Random draws are numbered by position, which padding changes.
            if mode == TRAIN && matches!(sample.layer.key(), "dropout" | "gaussian_noise") {
                continue;
            }
            for task in 0..a.tasks().len() {
                for (a, b) in a.outputs(task).iter().zip(b.outputs(task)) {
                    assert!((a - b).abs() < 1e-6, "{name}: {a} against {b}");
                }
            }
            let weights = &WEIGHTS[..a.tasks().len()];
            a.backward(weights);
            b.backward(weights);
            for (a, b) in a.gradients().iter().zip(b.gradients()) {
                assert!((a - b).abs() < 2e-6, "{name}: gradient {a} against {b}");
            }
        }
    }
}

#[test]
fn a_model_without_room_for_gradients_predicts_the_same() {
    for (name, sample) in samples() {
        let bench = bench(&sample, true, 0);
        let mut training = build(&bench, ROWS);
        let options = mtl_engine::model::BuildOptions {
            max_rows: ROWS,
            seed: 5,
            training: false,
        };
        let mut lean = Model::build(&bench.design, &bench.schema, &options).unwrap();
        assert!(
            lean.resources().bytes.arena <= training.resources().bytes.arena,
            "{name}"
        );
        fill(&mut training, ROWS, 4);
        fill(&mut lean, ROWS, 4);
        training.forward(Mode::Infer);
        lean.forward(Mode::Infer);
        for task in 0..lean.tasks().len() {
            assert_eq!(training.outputs(task), lean.outputs(task), "{name}");
        }
    }
}

#[test]
fn frozen_layers_keep_their_values_and_pass_the_gradient_on() {
    for (name, sample) in samples() {
        let mut bench = bench(&sample, true, 0);
        let mut free = build(&bench, ROWS);
        bench.design.node_mut(bench.under_test).unwrap().frozen = true;
        let mut frozen = build(&bench, ROWS);
        for model in [&mut free, &mut frozen] {
            scatter(model, 2);
            fill(model, ROWS, 3);
        }
        let values = free.values().to_vec();
        frozen.values_mut().copy_from_slice(&values);
        let weights = &WEIGHTS[..free.tasks().len()];
        // A frozen batch normalisation uses its running statistics, as a prediction does.
        let as_predicted = sample.layer.key() == "batch_normalization";
        for (model, mode) in [
            (&mut free, if as_predicted { Mode::Infer } else { TRAIN }),
            (&mut frozen, TRAIN),
        ] {
            model.forward(mode);
            model.backward(weights);
        }
        assert_eq!(frozen.values(), values, "{name}: frozen values");
        for parameter in frozen.parameters() {
            let range = parameter.range.clone();
            if parameter.node == bench.under_test {
                assert!(
                    frozen.gradients()[range].iter().all(|gradient| *gradient == 0.0),
                    "{name}"
                );
            } else {
                assert_eq!(
                    frozen.gradients()[range.clone()],
                    free.gradients()[range],
                    "{name}: {}",
                    parameter.name
                );
            }
        }
    }
}
