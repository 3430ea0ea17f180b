//! Any design can be checked, and either trains or says why not.
#![allow(clippy::disallowed_methods, reason = "it measures time")]

mod common;

use std::time::Instant;

use common::{fill, schema};
use mtl_engine::{
    design::{
        Design, Node, NodeId, Port, Tie, Wire, WireId,
        check::{Severity, check},
    },
    layers::{Arity, Dense, DenseInput, Layer, RegressionHead},
    model::{BuildOptions, Mode, Model},
    optimizers::{Optimizer, OptimizerConfig},
    random::Random,
    settings::{FieldKind, Settings, Value},
    text::Explain,
};

/// A layer with random settings; now and then one that only a damaged file can hold.
fn random_layer(random: &mut Random, catalogue: &[Layer]) -> Layer {
    let mut layer = catalogue[random.below(catalogue.len())].clone();
    for field in layer.fields() {
        if random.chance(0.5) {
            continue;
        }
        let pick =
            |random: &mut Random, keys: &[&str]| Value::Words(keys[random.below(keys.len())].to_owned());
        let value = match field.kind {
            FieldKind::Int { min, max, .. } => {
                Value::Int(min + random.below((max - min).min(7) as usize + 1) as i64)
            }
            FieldKind::Real { min, max, .. } => {
                Value::Real(min + (max - min).min(1.0) * random.uniform_f64())
            }
            FieldKind::Flag => Value::Flag(random.chance(0.5)),
            FieldKind::Choice { options } => Value::Words(options[random.below(options.len())].0.to_owned()),
            FieldKind::Feature => pick(random, &["text", "user", "item", "dense", "nothing"]),
            FieldKind::Label => pick(random, &["like", "category", "rating", "tags", "nothing"]),
            FieldKind::Reals { max_items, .. } => Value::Reals(vec![0.5; random.below(4).min(max_items)]),
            FieldKind::Words { .. } => Value::Words("words".to_owned()),
        };
        layer
            .set(field.key, &value)
            .unwrap_or_else(|error| panic!("{}: {error}", layer.key()));
    }
    if let Layer::Dense(dense) = &mut layer
        && random.chance(0.02)
    {
        match random.below(3) {
            0 => dense.units = 0,
            1 => dense.units = usize::MAX / 2,
            _ => dense.l2 = f32::NAN,
        }
    }
    layer
}

fn random_design(seed: u64) -> Design {
    let mut random = Random::stream(seed, "graph");
    let catalogue = Layer::all();
    let n_nodes = random.below(9) + 2;
    let mut design = Design::new("random");
    // Sensible designs are rare among random ones, so that most wires lead forward and take what the handle takes.
    let sloppy = random.chance(0.4);
    for index in 0..n_nodes {
        let layer = match index {
            0 => Layer::all()[random.below(3)].clone(),
            _ if index + 1 == n_nodes => Layer::from(RegressionHead::default()),
            _ => random_layer(&mut random, &catalogue),
        };
        let mut layer = layer;
        let good_key = match layer.key() {
            "token_input" => Some(("feature", "text")),
            "id_input" => Some(("feature", "user")),
            "dense_input" => Some(("feature", "dense")),
            "binary_head" => Some(("label", "like")),
            "classes_head" => Some(("label", "category")),
            "regression_head" => Some(("label", "rating")),
            "ordinal_head" => Some(("label", "category")),
            "multi_label_head" => Some(("label", "tags")),
            _ => None,
        };
        if let Some((key, value)) = good_key.filter(|_| !sloppy) {
            layer
                .set(key, &Value::Words(value.into()))
                .expect("every key is a text");
        }
        let id = design.add(format!("n{index}"), layer.clone());
        if index == 0 {
            continue;
        }
        for (handle, port) in layer.inputs().iter().enumerate() {
            let n_wires = if port.arity == Arity::Many {
                1 + random.below(3)
            } else {
                1
            };
            for _ in 0..n_wires {
                let mut from = design.nodes[random.below(design.nodes.len() - 1)].id;
                for _ in 0..if sloppy { 0 } else { 20 } {
                    let checked = check(&design, &schema());
                    let fits = checked.nodes[&from]
                        .outputs
                        .first()
                        .is_some_and(|shape| port.kind.accepts(*shape));
                    if fits {
                        break;
                    }
                    from = design.nodes[random.below(design.nodes.len() - 1)].id;
                }
                design.connect(from, id, handle);
            }
        }
    }
    if sloppy {
        let any = |random: &mut Random| NodeId(random.below(n_nodes + 1) as u32);
        for _ in 0..random.below(3) {
            let (from, to) = (any(&mut random), any(&mut random));
            let id = WireId(random.below(30) as u32);
            let port = |node, handle| Port { node, handle };
            design.wires.push(Wire {
                id,
                from: port(from, random.below(2)),
                to: port(to, random.below(3)),
            });
        }
        if random.chance(0.1) {
            let copy: Node = design.nodes[random.below(n_nodes)].clone();
            design.nodes.push(copy);
        }
        if random.chance(0.2) {
            let (a, b) = (any(&mut random), any(&mut random));
            design.ties.push(Tie {
                a,
                b,
                strength: random.uniform_in(-0.2, 1.0),
            });
        }
    }
    design
}

#[test]
fn ten_thousand_random_graphs_train_or_say_why_not() {
    let schema = schema();
    let (mut n_trained, mut n_refused) = (0, 0);
    for seed in 0..10_000 {
        let design = random_design(seed);
        let checked = check(&design, &schema);
        for problem in &checked.problems {
            let message = problem.explain();
            assert!(!message.en.is_empty() && !message.zh.is_empty(), "{problem:?}");
        }
        let text = serde_json::to_string(&design).expect("a design is plain data");
        if !design
            .nodes
            .iter()
            .any(|node| node.layer.get("l2") == Some(Value::Real(f64::NAN)))
            && !text.contains("null")
        {
            assert_eq!(
                serde_json::from_str::<Design>(&text).expect("it was written"),
                design,
                "seed {seed}"
            );
        }
        let options = BuildOptions {
            max_rows: 3,
            seed,
            training: true,
        };
        match Model::build(&design, &schema, &options) {
            Ok(mut model) => {
                assert!(checked.trains(), "seed {seed}: {:?}", checked.problems);
                n_trained += 1;
                fill(&mut model, 3, seed);
                let mut optimizer = Optimizer::new(&OptimizerConfig::default(), model.values().len());
                let weights: Vec<f32> = model.task_weights().collect();
                for step in 0..2 {
                    model.forward(Mode::Train { step });
                    let losses = model.losses();
                    assert!(
                        losses.iter().all(|loss| loss.is_finite()),
                        "seed {seed}: {losses:?}\n{design:#?}"
                    );
                    model.backward(&weights);
                    assert!(
                        model.gradients().iter().all(|gradient| gradient.is_finite()),
                        "seed {seed}\n{design:#?}"
                    );
                    let (values, gradients) = model.values_and_gradients();
                    optimizer.apply(values, gradients, 0.001);
                }
            }
            Err(error) => {
                n_refused += 1;
                let has_error = error
                    .problems
                    .iter()
                    .any(|problem| problem.severity == Severity::Error);
                assert!(has_error, "seed {seed}: refused without an error");
            }
        }
    }
    assert!(
        n_trained > 1500 && n_refused > 1500,
        "{n_trained} trained, {n_refused} refused"
    );
}

#[test]
fn checking_300_nodes_takes_under_5_ms() {
    let schema = schema();
    let mut design = Design::new("large");
    let mut at = design.add(
        "x",
        DenseInput {
            feature: "dense".into(),
        },
    );
    let mut row = vec![at];
    for index in 0..298 {
        let dense = design.add(
            format!("dense_{index}"),
            Dense {
                units: 8,
                ..Dense::default()
            },
        );
        design.connect(row[index % row.len()], dense, 0);
        row.push(dense);
        if row.len() > 20 {
            row.remove(0);
        }
        at = dense;
    }
    let concatenate = design.add("concatenate", mtl_engine::layers::Concatenate::default());
    for index in 0..200 {
        design.connect(NodeId(1 + index), concatenate, 0);
    }
    for (name, from) in [("rating", at), ("again", concatenate)] {
        let head = design.add(
            name,
            RegressionHead {
                label: "rating".into(),
                ..RegressionHead::default()
            },
        );
        design.connect(from, head, 0);
    }
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        let checked = check(&design, &schema);
        best = best.min(start.elapsed().as_secs_f64());
        assert!(checked.trains(), "{:?}", checked.problems);
    }
    assert!(
        best < 0.005,
        "{} ms for {} nodes and {} wires",
        best * 1e3,
        design.nodes.len(),
        design.wires.len()
    );
}
