//! Training steps per second of the six workloads, natively on one thread, and where the time goes by op.
//!
//! `cargo run --release -p mtl-engine --example workloads [W1 W2 ...] [--profile]`
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use mtl_engine::{
    design::{Design, NodeId},
    layers::{
        Activation, BinaryHead, ClassesHead, Concatenate, Dense, DenseInput, Embedding, GlobalAveragePooling,
        IdInput, Lstm, Mixture, RegressionHead, TokenInput,
    },
    metrics::TaskOutput,
    model::{BuildOptions, Mode, Model},
    optimizers::{Optimizer, OptimizerConfig},
    random::Random,
    schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema},
    text::Message,
};

struct Workload {
    name: &'static str,
    batch: usize,
    design: Design,
    schema: Schema,
}

fn schema(features: &[(&str, FeatureKind)], labels: &[(&str, LabelKind)]) -> Schema {
    let name = Message::default();
    Schema {
        features: features
            .iter()
            .map(|(key, kind)| FeatureSchema {
                key: (*key).into(),
                name: name.clone(),
                kind: *kind,
            })
            .collect(),
        labels: labels
            .iter()
            .map(|(key, kind)| LabelSchema {
                key: (*key).into(),
                name: name.clone(),
                kind: *kind,
                classes: vec![],
            })
            .collect(),
    }
}

fn dense(design: &mut Design, from: NodeId, name: &str, units: usize, activation: Activation) -> NodeId {
    let node = design.add(
        name,
        Dense {
            units,
            activation,
            ..Dense::default()
        },
    );
    design.connect(from, node, 0);
    node
}

fn binary(design: &mut Design, from: NodeId, label: &str) {
    let head = design.add(
        label,
        BinaryHead {
            label: label.into(),
            ..BinaryHead::default()
        },
    );
    design.connect(from, head, 0);
}

fn classes(design: &mut Design, from: NodeId, label: &str) {
    let head = design.add(
        label,
        ClassesHead {
            label: label.into(),
            ..ClassesHead::default()
        },
    );
    design.connect(from, head, 0);
}

fn text(design: &mut Design) -> NodeId {
    let text = design.add(
        "text",
        TokenInput {
            feature: "text".into(),
        },
    );
    let embedding = design.add(
        "embedding",
        Embedding {
            width: 32,
            ..Embedding::default()
        },
    );
    design.connect(text, embedding, 0);
    embedding
}

fn users_and_items(design: &mut Design, width: usize) -> NodeId {
    let together = design.add("concat", Concatenate::default());
    for feature in ["user", "item"] {
        let input = design.add(
            feature,
            IdInput {
                feature: feature.into(),
            },
        );
        let embedding = design.add(
            format!("{feature}_embedding"),
            Embedding {
                width,
                ..Embedding::default()
            },
        );
        design.connect(input, embedding, 0);
        design.connect(embedding, together, 0);
    }
    together
}

fn workloads() -> Vec<Workload> {
    let text_feature = (
        "text",
        FeatureKind::Tokens {
            length: 40,
            cardinality: 5000,
        },
    );
    let ids = [
        ("user", FeatureKind::Id { cardinality: 1000 }),
        ("item", FeatureKind::Id { cardinality: 1700 }),
    ];
    let n_classes = |n_classes| LabelKind::Classes { n_classes };
    let mut workloads = Vec::new();

    let mut design = Design::new("W1");
    let embedding = text(&mut design);
    let pooled = design.add("pooling", GlobalAveragePooling::default());
    design.connect(embedding, pooled, 0);
    let hidden = dense(&mut design, pooled, "dense", 64, Activation::Relu);
    classes(&mut design, hidden, "a");
    binary(&mut design, hidden, "b");
    let labels = [("a", n_classes(4)), ("b", LabelKind::Binary)];
    workloads.push(Workload {
        name: "W1 text-gap",
        batch: 64,
        design,
        schema: schema(&[text_feature], &labels),
    });

    let mut design = Design::new("W2");
    let embedding = text(&mut design);
    let lstm = design.add(
        "lstm",
        Lstm {
            units: 32,
            ..Lstm::default()
        },
    );
    design.connect(embedding, lstm, 0);
    classes(&mut design, lstm, "a");
    classes(&mut design, lstm, "b");
    let labels = [("a", n_classes(4)), ("b", n_classes(2))];
    workloads.push(Workload {
        name: "W2 text-lstm",
        batch: 64,
        design,
        schema: schema(&[text_feature], &labels),
    });

    let mut design = Design::new("W3");
    let together = users_and_items(&mut design, 16);
    let hidden = dense(&mut design, together, "dense_1", 64, Activation::Relu);
    let hidden = dense(&mut design, hidden, "dense_2", 32, Activation::Relu);
    for label in ["a", "b"] {
        let tower = dense(
            &mut design,
            hidden,
            &format!("tower_{label}"),
            16,
            Activation::Relu,
        );
        binary(&mut design, tower, label);
    }
    let labels = [("a", LabelKind::Binary), ("b", LabelKind::Binary)];
    workloads.push(Workload {
        name: "W3 recsys-shared",
        batch: 256,
        design,
        schema: schema(&ids, &labels),
    });

    let mut design = Design::new("W4");
    let x = design.add("x", DenseInput { feature: "x".into() });
    let experts: Vec<NodeId> = (0..8)
        .map(|index| dense(&mut design, x, &format!("expert_{index}"), 16, Activation::Relu))
        .collect();
    for label in ["a", "b"] {
        let gate = dense(&mut design, x, &format!("gate_{label}"), 8, Activation::Softmax);
        let mixture = design.add(format!("mixture_{label}"), Mixture::default());
        for expert in &experts {
            design.connect(*expert, mixture, 0);
        }
        design.connect(gate, mixture, 1);
        let tower = dense(
            &mut design,
            mixture,
            &format!("tower_{label}"),
            8,
            Activation::Relu,
        );
        let head = design.add(
            label,
            RegressionHead {
                label: label.into(),
                ..RegressionHead::default()
            },
        );
        design.connect(tower, head, 0);
    }
    let labels = [("a", LabelKind::Real), ("b", LabelKind::Real)];
    let features = [("x", FeatureKind::Dense { width: 100 })];
    workloads.push(Workload {
        name: "W4 mmoe",
        batch: 256,
        design,
        schema: schema(&features, &labels),
    });

    let mut design = Design::new("W5");
    let together = users_and_items(&mut design, 32);
    classes(&mut design, together, "a");
    classes(&mut design, together, "b");
    let labels = [("a", n_classes(1700)), ("b", n_classes(1000))];
    workloads.push(Workload {
        name: "W5 recsys-softmax",
        batch: 64,
        design,
        schema: schema(&ids, &labels),
    });

    let mut design = Design::new("W6");
    let x = design.add("x", DenseInput { feature: "x".into() });
    let mut hidden = x;
    for index in 0..3 {
        hidden = dense(
            &mut design,
            hidden,
            &format!("dense_{index}"),
            512,
            Activation::Relu,
        );
    }
    classes(&mut design, hidden, "a");
    binary(&mut design, hidden, "b");
    let labels = [("a", n_classes(10)), ("b", LabelKind::Binary)];
    let features = [("x", FeatureKind::Dense { width: 512 })];
    workloads.push(Workload {
        name: "W6 dense-large",
        batch: 256,
        design,
        schema: schema(&features, &labels),
    });
    workloads
}

fn fill(model: &mut Model, rows: usize, random: &mut Random) {
    let (inputs, tasks) = (model.inputs().to_vec(), model.tasks().to_vec());
    let batch = model.batch_mut();
    batch.resize(rows);
    for (slot, input) in inputs.iter().enumerate() {
        match input.kind {
            FeatureKind::Tokens { cardinality, .. } => {
                batch.ids[slot].fill_with(|| 1 + random.below(cardinality - 1) as u32);
            }
            FeatureKind::Id { cardinality } => batch.ids[slot].fill_with(|| random.below(cardinality) as u32),
            FeatureKind::Dense { .. } => batch.dense[slot].fill_with(|| random.normal()),
        }
    }
    for (task, targets) in tasks.iter().zip(&mut batch.targets) {
        targets.fill_with(|| match task.output {
            TaskOutput::Binary | TaskOutput::MultiLabel { .. } => random.below(2) as f32,
            TaskOutput::Classes { n_classes } => random.below(n_classes) as f32,
            TaskOutput::Regression => random.normal(),
        });
    }
}

fn step(model: &mut Model, optimizer: &mut Optimizer, step: u64) {
    model.forward(Mode::Train { step });
    model.backward(&[1.0, 1.0]);
    let (values, gradients) = model.values_and_gradients();
    optimizer.apply(values, gradients, 0.001);
}

/// Medians over the steps, so that a moment in which the machine did something else does not count.
fn profile(model: &mut Model, optimizer: &mut Optimizer, n_steps: u64) {
    let n_ops = model.n_ops();
    let mut samples: Vec<(String, Vec<Duration>)> = Vec::new();
    for step in 0..n_steps {
        let mut at = 0;
        let mut time = |name: &str, run: &mut dyn FnMut()| {
            let start = Instant::now();
            run();
            if at == samples.len() {
                samples.push((name.to_owned(), Vec::new()));
            }
            samples[at].1.push(start.elapsed());
            at += 1;
        };
        time("load", &mut || model.begin_forward(Mode::Train { step }));
        for op in 0..n_ops {
            let name = format!("{} forward", model.op(op).0);
            time(&name, &mut || model.forward_ops(op..op + 1));
        }
        time("begin backward", &mut || model.begin_backward());
        for op in (0..n_ops).rev() {
            let name = format!("{} backward", model.op(op).0);
            time(&name, &mut || model.backward_ops(op..op + 1, &[1.0, 1.0]));
        }
        time("end backward", &mut || {
            model.end_backward();
            model.add_penalty_gradients();
        });
        time("optimizer", &mut || {
            let (values, gradients) = model.values_and_gradients();
            optimizer.apply(values, gradients, 0.001);
        });
    }
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for (name, mut durations) in samples {
        durations.sort_unstable();
        *times.entry(name).or_default() += durations[durations.len() / 2];
    }
    let total: Duration = times.values().sum();
    let mut times: Vec<_> = times.into_iter().collect();
    times.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
    for (name, time) in times {
        let microseconds = time.as_secs_f64() * 1e6;
        println!(
            "    {name:<24} {microseconds:>9.1} us {:>5.1} %",
            100.0 * time.as_secs_f64() / total.as_secs_f64()
        );
    }
    println!("    {:<24} {:>9.1} us", "sum", total.as_secs_f64() * 1e6);
}

/// Seconds that this thread has been running, where the system says so: the machine may be busy with something else.
fn busy_seconds(start: Instant) -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|field| field.parse::<f64>().ok());
    nanoseconds.map_or_else(|| start.elapsed().as_secs_f64(), |nanoseconds| nanoseconds * 1e-9)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let with_profile = arguments.iter().any(|argument| argument == "--profile");
    let chosen: Vec<&String> = arguments
        .iter()
        .filter(|argument| argument.starts_with('W'))
        .collect();
    for workload in workloads() {
        if !chosen.is_empty() && !chosen.iter().any(|name| workload.name.starts_with(name.as_str())) {
            continue;
        }
        let options = BuildOptions {
            max_rows: workload.batch,
            seed: 1,
            training: true,
        };
        let mut model = Model::build(&workload.design, &workload.schema, &options)?;
        let mut optimizer = Optimizer::new(&OptimizerConfig::default(), model.values().len());
        fill(&mut model, workload.batch, &mut Random::new(1));
        let mut n_steps = 0;
        let began = Instant::now();
        let mut blocks = Vec::new();
        for block in 0..6 {
            let (start, first) = (busy_seconds(began), n_steps);
            let mut now = start;
            while now - start < 0.3 {
                for _ in 0..4 {
                    step(&mut model, &mut optimizer, n_steps);
                    n_steps += 1;
                }
                now = busy_seconds(began);
            }
            if block > 0 {
                blocks.push((n_steps - first) as f64 / (now - start));
            }
        }
        blocks.sort_by(f64::total_cmp);
        println!(
            "{:<18} {:>8.1} steps/s (from {:.1} to {:.1}), losses {:?}",
            workload.name,
            blocks[blocks.len() / 2],
            blocks[0],
            blocks[blocks.len() - 1],
            model.losses()
        );
        if with_profile {
            profile(&mut model, &mut optimizer, 200);
        }
    }
    Ok(())
}
