//! Designs drawn at random: layers with random settings, wired to what they can read, or to anything.
#![allow(dead_code, reason = "each test uses a part")]

use mtl_base::{
    NodeId,
    settings::{FieldKind, Settings, Value},
};
use mtl_engine::{
    design::{Design, Node, Port, Tie, Wire, WireId, check::check},
    layers::{
        Arity, Embedding, Flatten, GlobalMaxPooling, InputPort, Layer, RegressionHead, Shape, TokenInput,
    },
};
use mtl_kernels::random::Random;

use crate::common::schema;

/// A layer with random settings; now and then one that only a damaged file can hold.
pub fn random_layer(random: &mut Random, catalogue: &[Layer]) -> Layer {
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
                // A factor of a thousand in every layer leaves what f32 holds.
                let min = min.max(-1.0);
                Value::Real(min + (max - min).min(1.0) * random.uniform_f64())
            }
            FieldKind::Flag => Value::Flag(random.chance(0.5)),
            FieldKind::Choice { options } | FieldKind::Kinds { options } => {
                Value::Words(options[random.below(options.len())].0.to_owned())
            }
            FieldKind::Feature => pick(random, &["text", "user", "item", "dense", "nothing"]),
            FieldKind::Label => pick(random, &["like", "category", "rating", "tags", "nothing"]),
            FieldKind::LabelShares => Value::Shares([("like".to_owned(), 0.5)].into()),
            FieldKind::Reals { max_items, .. } => Value::Reals(vec![0.5; random.below(4).min(max_items)]),
            FieldKind::Words { .. } => Value::Words("words".to_owned()),
            FieldKind::Group => panic!("no layer has groups of settings"),
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

/// The layer reading and learning what the schema has.
fn with_good_key(mut layer: Layer) -> Layer {
    let good_key = match layer.key() {
        "token_input" => Some(("feature", "text")),
        "id_input" => Some(("feature", "user")),
        "dense_input" => Some(("feature", "dense")),
        "binary_head" => Some(("label", "like")),
        "classes_head" | "ordinal_head" => Some(("label", "category")),
        "regression_head" => Some(("label", "rating")),
        "multi_label_head" => Some(("label", "tags")),
        _ => None,
    };
    if let Some((key, value)) = good_key {
        layer
            .set(key, &Value::Words(value.into()))
            .expect("every key is a text");
    }
    layer
}

pub fn random_design(seed: u64) -> Design {
    let mut random = Random::stream(seed, "graph");
    if random.chance(0.4) {
        sloppy_design(&mut random)
    } else {
        sensible_design(&mut random)
    }
}

/// Wires go anywhere, and keys, wires, nodes and ties are damaged.
fn sloppy_design(random: &mut Random) -> Design {
    let catalogue = Layer::all();
    let n_nodes = random.below(9) + 2;
    let mut design = Design::new("sloppy");
    for index in 0..n_nodes {
        let layer = match index {
            0 => catalogue[random.below(3)].clone(),
            _ if index + 1 == n_nodes => RegressionHead::default().into(),
            _ => random_layer(random, &catalogue),
        };
        let id = design.add(format!("n{index}"), layer.clone());
        if index == 0 {
            continue;
        }
        for (handle, port) in layer.inputs().iter().enumerate() {
            for _ in 0..n_wires(random, port) {
                let from = design.nodes[random.below(design.nodes.len() - 1)].id;
                design.connect(from, id, handle);
            }
        }
    }
    let any = |random: &mut Random| NodeId(random.below(n_nodes + 1) as u32);
    for _ in 0..random.below(3) {
        let (from, to) = (any(random), any(random));
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
        let (a, b) = (any(random), any(random));
        design.ties.push(Tie {
            a,
            b,
            strength: random.uniform_in(-0.2, 1.0),
        });
    }
    design
}

fn n_wires(random: &mut Random, port: &InputPort) -> usize {
    if port.arity == Arity::Many {
        1 + random.below(3)
    } else {
        1
    }
}

/// What each node gives, for nodes that give something.
fn outputs(design: &Design) -> Vec<(NodeId, Shape)> {
    let checked = check(design, &schema());
    let output = |node: &Node| {
        checked.nodes[&node.id]
            .outputs
            .first()
            .map(|shape| (node.id, *shape))
    };
    design.nodes.iter().filter_map(output).collect()
}

fn is_used(design: &Design, node: NodeId) -> bool {
    design.wires.iter().any(|wire| wire.from.node == node)
}

/// One of the nodes, rather one that nothing reads yet.
fn pick(random: &mut Random, design: &Design, from: &[(NodeId, Shape)]) -> Option<(NodeId, Shape)> {
    let unused: Vec<_> = from.iter().filter(|(node, _)| !is_used(design, *node)).collect();
    match unused.len() {
        0 if from.is_empty() => None,
        n if n > 0 && random.chance(0.8) => Some(*unused[random.below(n)]),
        _ => Some(from[random.below(from.len())]),
    }
}

/// Nodes that a layer can read, handle by handle; none where there is nothing for a handle.
fn sources(random: &mut Random, design: &Design, layer: &Layer) -> Option<Vec<(NodeId, usize)>> {
    let outputs = outputs(design);
    let mut chosen = Vec::new();
    let mut first = None;
    for (handle, port) in layer.inputs().iter().enumerate() {
        let is_gate = matches!(layer, Layer::Mixture(_)) && handle == 1;
        // Most layers with several inputs want equal shapes; a gate wants one number per expert.
        let fits = |shape: Shape| match first {
            _ if is_gate => shape == Shape::Vector { width: chosen.len() },
            Some(first) => shape == first,
            None => port.kind.accepts(shape),
        };
        let fitting: Vec<_> = outputs
            .iter()
            .filter(|(_, shape)| fits(*shape))
            .copied()
            .collect();
        let (node, shape) = pick(random, design, &fitting)?;
        chosen.push((node, handle));
        first = first.or(Some(shape));
        let like_it: Vec<_> = fitting.into_iter().filter(|(_, other)| *other == shape).collect();
        for _ in 1..n_wires(random, port) {
            chosen.extend(pick(random, design, &like_it).map(|(node, _)| (node, handle)));
        }
    }
    Some(chosen)
}

/// Adds a layer behind nodes that it can read, if there are any.
fn grow(random: &mut Random, design: &mut Design, layer: Layer) -> Option<NodeId> {
    let layer = with_good_key(layer);
    let sources = sources(random, design, &layer)?;
    let node = design.add(format!("n{}", design.nodes.len()), layer);
    for (from, handle) in sources {
        design.connect(from, node, handle);
    }
    Some(node)
}

/// Layers behind what they can read, and heads behind what nothing reads: most of these designs train.
pub fn sensible_design(random: &mut Random) -> Design {
    let catalogue = Layer::all();
    let mut design = Design::new("sensible");
    let input = catalogue[random.below(3)].clone();
    grow(random, &mut design, input);
    for _ in 0..3 + random.below(9) {
        for _ in 0..10 {
            let mut layer = random_layer(random, &catalogue);
            // A text is worth more than other inputs: the layers on sequences are many.
            if layer.is_input() && random.chance(0.5) {
                layer = TokenInput::default().into();
            }
            let is_text = layer.key() == "token_input";
            if !layer.is_head() && grow(random, &mut design, layer).is_some() {
                if is_text {
                    let width = 1 + random.below(4);
                    let table = Embedding {
                        width,
                        ..Embedding::default()
                    };
                    grow(random, &mut design, table.into());
                }
                break;
            }
        }
    }
    let heads: Vec<Layer> = catalogue
        .iter()
        .filter(|layer| layer.is_head())
        .cloned()
        .collect();
    for (node, shape) in outputs(&design) {
        if is_used(&design, node) {
            continue;
        }
        let mut steps: Vec<Layer> = Vec::new();
        if matches!(shape, Shape::Tokens { .. } | Shape::Id { .. }) {
            steps.push(Embedding::default().into());
        }
        if matches!(shape, Shape::Tokens { .. } | Shape::Sequence { .. }) {
            steps.push(if random.chance(0.5) {
                GlobalMaxPooling::default().into()
            } else {
                Flatten::default().into()
            });
        }
        steps.push(with_good_key(random_layer(random, &heads)));
        let mut from = node;
        for layer in steps {
            let to = design.add(format!("n{}", design.nodes.len()), with_good_key(layer));
            design.connect(from, to, 0);
            from = to;
        }
    }
    design
}

/// A design that mostly trains, with what makes a training run more than its forward pass: frozen layers, ties between
/// layers of the same shapes, heads that do not count.
pub fn design_to_train(seed: u64) -> Design {
    let mut random = Random::stream(seed, "design to train");
    let mut design = sensible_design(&mut random);
    for node in &mut design.nodes {
        node.frozen = random.chance(0.15);
        // A penalty that outweighs the losses would hide them.
        for (key, ceiling) in [("l1", 0.02), ("l2", 0.1)] {
            if node.layer.get(key).is_some() && random.chance(0.6) {
                let factor = if random.chance(0.5) {
                    0.0
                } else {
                    ceiling * random.uniform_f64()
                };
                node.layer
                    .set(key, &Value::Real(factor))
                    .expect("a factor within its bounds");
            }
        }
    }
    let checked = check(&design, &schema());
    let shapes = |node: NodeId| {
        checked
            .nodes
            .get(&node)
            .map(|report| report.parameters.clone())
            .unwrap_or_default()
    };
    let nodes: Vec<NodeId> = design.nodes.iter().map(|node| node.id).collect();
    for (index, a) in nodes.iter().enumerate() {
        for b in &nodes[index + 1..] {
            if !shapes(*a).is_empty() && shapes(*a) == shapes(*b) && random.chance(0.5) {
                let strength = random.uniform_in(0.0, 0.5);
                design.ties.push(Tie {
                    a: *a,
                    b: *b,
                    strength,
                });
            }
        }
    }
    design
}
