//! One-click fixes: edits that take a problem away.
//!
//! Every candidate is tried on a copy of the design, and offered only when the check no
//! longer lists the problem and lists no new error. Candidates follow from the kind of problem alone; layers are
//! found by the kinds of their handles, so that a new layer is offered without a change here.

use std::collections::BTreeSet;

use super::check::{Checked, Problem, ProblemKind, Severity, batch_problems, check};
use super::compose::{self, Names};
use super::edit::{self, Edit, Ids};
use super::{Design, Node, Port, Wire, WireId, graph};
use crate::layers::{Category, Layer, LayerNormalization, LowerError};
use mtl_base::schema::Schema;
use mtl_base::settings::{FieldKind, Settings, Value};
use mtl_base::text::Message;

/// Most fixes that are offered for one problem.
const MAX_FIXES: usize = 3;
/// Most candidates that are tried for one problem.
const MAX_CANDIDATES: usize = 60;

/// A fix: edits that solve a problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Fix {
    /// Label of the fix.
    pub label: Message,
    /// The edits, applied as one.
    pub edits: Vec<Edit>,
}

/// Fixes for `problem`, the most likely first; `checked` is the check of `design`.
pub fn fixes(design: &Design, checked: &Checked, schema: &Schema, problem: &Problem) -> Vec<Fix> {
    let n_errors = count_errors(checked);
    let is_still_there = |after: &Checked| {
        after
            .problems
            .iter()
            .any(|other| (&other.kind, other.node, other.wire) == (&problem.kind, problem.node, problem.wire))
    };
    candidates(design, checked, schema, problem)
        .into_iter()
        .take(MAX_CANDIDATES)
        .filter(|fix| {
            let mut changed = design.clone();
            edit::apply_all(&mut changed, &fix.edits).is_ok() && {
                let mut after = check(&changed, schema);
                if let ProblemKind::BatchOfOne { .. } = problem.kind {
                    let problems = batch_problems(&changed, &after, 1);
                    after.problems.extend(problems);
                }
                let fewer = if problem.severity == Severity::Error {
                    count_errors(&after) < n_errors
                } else {
                    count_errors(&after) <= n_errors
                };
                fewer && !is_still_there(&after)
            }
        })
        .take(MAX_FIXES)
        .collect()
}

fn count_errors(checked: &Checked) -> usize {
    checked
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count()
}

fn candidates(design: &Design, checked: &Checked, schema: &Schema, problem: &Problem) -> Vec<Fix> {
    let node = problem.node.and_then(|id| design.node(id));
    match (&problem.kind, node) {
        (ProblemKind::NoHead, _) => add_head(design, checked, schema),
        (ProblemKind::Cycle { .. }, _) => cut_cycle(design),
        (ProblemKind::DuplicateName { name }, Some(node)) => {
            let fresh = Names::of(design).fresh(name);
            vec![single(
                design,
                Edit::Rename {
                    node: node.id,
                    name: fresh,
                },
            )]
        }
        (ProblemKind::EmptyName, Some(node)) => {
            let fresh = Names::of(design).fresh(node.layer.name().en);
            vec![single(
                design,
                Edit::Rename {
                    node: node.id,
                    name: fresh,
                },
            )]
        }
        (ProblemKind::MissingInput { .. }, Some(node)) => connect_input(design, schema, node),
        (ProblemKind::ReachesNoLoss { .. }, Some(node)) => {
            let mut fixes = connect_output(design, node);
            fixes.push(single(
                design,
                Edit::RemoveNodes {
                    nodes: BTreeSet::from_iter([node.id]),
                },
            ));
            fixes
        }
        (ProblemKind::BatchOfOne { .. }, Some(node)) => vec![
            single(
                design,
                Edit::Replace {
                    node: node.id,
                    layer: LayerNormalization::default().into(),
                },
            ),
            single(
                design,
                Edit::Freeze {
                    nodes: BTreeSet::from_iter([node.id]),
                    frozen: true,
                },
            ),
        ],
        (ProblemKind::ZeroWeight { .. }, Some(node)) => {
            vec![set(design, node, "weight", Value::Real(1.0))]
        }
        (ProblemKind::TooManyWires { .. } | ProblemKind::DuplicateWire { .. } | ProblemKind::Dangling, _) => {
            disconnect(design, problem)
        }
        (ProblemKind::Setting { .. }, Some(node)) => reset_settings(design, node),
        (ProblemKind::Tie { .. } | ProblemKind::BadTie { .. }, _) => design
            .ties
            .iter()
            .filter(|tie| problem.node.is_none_or(|node| tie.a == node || tie.b == node))
            .map(|tie| single(design, Edit::RemoveTie { a: tie.a, b: tie.b }))
            .collect(),
        (ProblemKind::Layer { error, .. }, Some(node)) => fit_layer(design, checked, schema, node, error),
        _ => Vec::new(),
    }
}

/// A fix of one edit, labelled by what the edit does.
fn single(design: &Design, edit: Edit) -> Fix {
    Fix {
        label: sentence(edit.describe(design)),
        edits: vec![edit],
    }
}

fn sentence(message: Message) -> Message {
    let mut letters = message.en.chars();
    let en = letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    Message::new(en, message.zh)
}

fn set(design: &Design, node: &Node, key: &str, value: Value) -> Fix {
    single(
        design,
        Edit::SetSetting {
            node: node.id,
            key: key.to_owned(),
            value,
        },
    )
}

fn new_node(design: &Design, layer: Layer, near: Option<[f32; 2]>, ids: &mut Ids) -> Node {
    let wanted = layer
        .label()
        .or(layer.feature())
        .unwrap_or(layer.name().en)
        .to_owned();
    let name = Names::of(design).fresh(&wanted);
    Node {
        id: ids.node(),
        name,
        layer,
        position: near,
        frozen: false,
    }
}

/// Every layer of a category, once for each feature or label that it could name.
fn fitted(category: Category, schema: &Schema) -> Vec<Layer> {
    Layer::all()
        .into_iter()
        .filter(|layer| layer.category() == category)
        .flat_map(|layer| {
            let field = layer
                .fields()
                .iter()
                .find(|f| matches!(f.kind, FieldKind::Feature | FieldKind::Label));
            let keys: Vec<&String> = match field.map(|field| field.kind) {
                Some(FieldKind::Feature) => schema.features.iter().map(|feature| &feature.key).collect(),
                Some(FieldKind::Label) => schema.labels.iter().map(|label| &label.key).collect(),
                _ => Vec::new(),
            };
            keys.into_iter()
                .filter_map(|key| {
                    let mut layer = layer.clone();
                    layer
                        .set(field?.key, &Value::Words(key.clone()))
                        .ok()
                        .map(|()| layer)
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

fn right_of(node: &Node) -> Option<[f32; 2]> {
    node.position.map(|[x, y]| [x + 270.0, y])
}

fn left_of(node: &Node) -> Option<[f32; 2]> {
    node.position.map(|[x, y]| [x - 270.0, y])
}

fn connect(ids: &mut Ids, from: Port, to: Port) -> Edit {
    Edit::Connect {
        wire: Wire {
            id: ids.wire(),
            from,
            to,
        },
    }
}

/// A head behind each node whose output is unused, the most recent first.
fn add_head(design: &Design, checked: &Checked, schema: &Schema) -> Vec<Fix> {
    let used = BTreeSet::from_iter(design.wires.iter().map(|wire| wire.from.node));
    let ends = design
        .nodes
        .iter()
        .rev()
        .filter(|node| !used.contains(&node.id) && !node.layer.outputs().is_empty());
    ends.flat_map(|end| {
        fitted(Category::Head, schema)
            .into_iter()
            .map(move |layer| (end, layer))
    })
    .filter(|(end, _)| {
        checked
            .nodes
            .get(&end.id)
            .is_some_and(|report| !report.outputs.is_empty())
    })
    .map(|(end, layer)| {
        let mut ids = Ids::after(design);
        let head = new_node(design, layer, right_of(end), &mut ids);
        let label = Message::new(
            format!("Add the task {} after {}", head.name, end.name),
            format!("在 {} 之后添加任务 {}", end.name, head.name),
        );
        let (from, to) = (
            Port {
                node: end.id,
                handle: 0,
            },
            Port {
                node: head.id,
                handle: 0,
            },
        );
        Fix {
            label,
            edits: vec![Edit::AddNode { node: head }, connect(&mut ids, from, to)],
        }
    })
    .collect()
}

/// The removal of one wire of each cycle, the most recent first.
fn cut_cycle(design: &Design) -> Vec<Fix> {
    disconnect_each(design, |wire| {
        graph::descendants(&design.wires, wire.to.node, |_| true).contains(&wire.from.node)
    })
}

/// Candidates that connect an unconnected input of `node`: from existing nodes, the nearest in topological order first, else from a
/// new input layer.
fn connect_input(design: &Design, schema: &Schema, node: &Node) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let n_inputs = node.layer.inputs().len();
    let open = (0..n_inputs)
        .map(|handle| Port {
            node: node.id,
            handle,
        })
        .filter(|port| !design.wires.iter().any(|wire| wire.to == *port));
    for to in open {
        // The last in topological order first: they are the deepest representations.
        for other in graph::topological(design).into_iter().rev() {
            let from = Port {
                node: other,
                handle: 0,
            };
            if edit::can_connect(design, from, to).is_ok() {
                let mut ids = Ids::after(design);
                let edit = connect(&mut ids, from, to);
                fixes.push(single(design, edit));
            }
        }
        for layer in fitted(Category::Input, schema) {
            let mut ids = Ids::after(design);
            let input = new_node(design, layer, left_of(node), &mut ids);
            let label = Message::new(
                format!("Add the input {} before {}", input.name, node.name),
                format!("在 {} 之前添加输入 {}", node.name, input.name),
            );
            let from = Port {
                node: input.id,
                handle: 0,
            };
            fixes.push(Fix {
                label,
                edits: vec![Edit::AddNode { node: input }, connect(&mut ids, from, to)],
            });
        }
    }
    fixes
}

/// Candidates that connect the unused output of `node`: to an unconnected input, or to one that takes several wires.
fn connect_output(design: &Design, node: &Node) -> Vec<Fix> {
    let mut fixes = Vec::new();
    for other in &design.nodes {
        for handle in 0..other.layer.inputs().len() {
            let (from, to) = (
                Port {
                    node: node.id,
                    handle: 0,
                },
                Port {
                    node: other.id,
                    handle,
                },
            );
            if edit::can_connect(design, from, to).is_ok() {
                let mut ids = Ids::after(design);
                let edit = connect(&mut ids, from, to);
                fixes.push(single(design, edit));
            }
        }
    }
    fixes
}

fn disconnect(design: &Design, problem: &Problem) -> Vec<Fix> {
    disconnect_each(design, |wire| match problem.wire {
        Some(id) => wire.id == id,
        None => problem.node.is_some_and(|node| wire.to.node == node),
    })
}

/// One fix per wire for which `is_meant` holds: its removal. The most recent wire comes first.
fn disconnect_each(design: &Design, is_meant: impl Fn(&Wire) -> bool) -> Vec<Fix> {
    let mut wires: Vec<&Wire> = design.wires.iter().filter(|wire| is_meant(wire)).collect();
    wires.sort_by_key(|wire| std::cmp::Reverse(wire.id));
    wires
        .into_iter()
        .map(|wire| {
            single(
                design,
                Edit::Disconnect {
                    wires: BTreeSet::from_iter([wire.id]),
                },
            )
        })
        .collect()
}

fn reset_settings(design: &Design, node: &Node) -> Vec<Fix> {
    let Some(usual) = Layer::from_key(node.layer.key()) else {
        return Vec::new();
    };
    node.layer
        .fields()
        .iter()
        .filter_map(|field| Some((field.key, usual.get(field.key)?)))
        .map(|(key, value)| set(design, node, key, value))
        .collect()
}

fn fit_layer(
    design: &Design,
    checked: &Checked,
    schema: &Schema,
    node: &Node,
    error: &LowerError,
) -> Vec<Fix> {
    match error {
        LowerError::UnknownFeature { .. } | LowerError::FeatureKind { .. } => {
            let key_of = |kind: FieldKind| kind == FieldKind::Feature;
            let keys = schema
                .features
                .iter()
                .map(|feature| feature.key.clone())
                .collect();
            name_another(design, node, key_of, keys)
        }
        LowerError::UnknownLabel { .. } | LowerError::LabelKind { .. } => {
            let key_of = |kind: FieldKind| kind == FieldKind::Label;
            let learnt = BTreeSet::from_iter(design.heads().filter_map(|head| head.layer.label()));
            let mut keys: Vec<String> = schema.labels.iter().map(|label| label.key.clone()).collect();
            keys.sort_by_key(|key| learnt.contains(&key.as_str()));
            let mut fixes = name_another(design, node, key_of, keys);
            // A head of another kind, for the same label.
            fixes.extend(
                fitted(Category::Head, schema)
                    .into_iter()
                    .filter(|layer| layer.label() == node.layer.label())
                    .map(|layer| single(design, Edit::Replace { node: node.id, layer })),
            );
            fixes
        }
        LowerError::Logits { expected, .. } => {
            let mut fixes = vec![set(design, node, "projection", Value::Flag(true))];
            fixes.extend(resize_sources(design, node, *expected));
            fixes
        }
        LowerError::ClassWeights { .. } => vec![set(design, node, "class_weights", Value::Reals(Vec::new()))],
        LowerError::UnequalShapes { first, .. } | LowerError::UnequalSteps { first, .. } => {
            let mut fixes = resize_sources(design, node, first.width());
            fixes.extend(insert_before(design, checked, node, Some(first.width())));
            fixes
        }
        LowerError::Gate { experts, .. } => resize_sources(design, node, *experts),
        LowerError::KernelSize { .. } | LowerError::Columns { .. } => reset_settings(design, node),
        LowerError::Kind { .. } | LowerError::Count { .. } | LowerError::TooLarge { .. } => {
            insert_before(design, checked, node, None)
        }
    }
}

fn name_another(design: &Design, node: &Node, is_key: fn(FieldKind) -> bool, keys: Vec<String>) -> Vec<Fix> {
    let Some(field) = node.layer.fields().iter().find(|field| is_key(field.kind)) else {
        return Vec::new();
    };
    keys.into_iter()
        .map(|key| set(design, node, field.key, Value::Words(key)))
        .collect()
}

/// Changes the number of units of the sources of `node`.
fn resize_sources(design: &Design, node: &Node, width: usize) -> Vec<Fix> {
    design
        .wires
        .iter()
        .filter(|wire| wire.to.node == node.id)
        .filter_map(|wire| design.node(wire.from.node))
        .filter(|source| source.layer.get("units").is_some())
        .map(|source| set(design, source, "units", Value::Int(width as i64)))
        .collect()
}

/// Inserts a layer with one input and one output into a wire to `node`; pooling layers first.
fn insert_before(design: &Design, checked: &Checked, node: &Node, width: Option<usize>) -> Vec<Fix> {
    let mut layers: Vec<Layer> = Layer::all()
        .into_iter()
        .filter(|layer| layer.inputs().len() == 1 && layer.outputs().len() == 1)
        .filter(|layer| !matches!(layer.category(), Category::Merge | Category::Regularisation))
        .collect();
    layers.sort_by_key(|layer| match layer.category() {
        Category::Pooling => 0,
        Category::Embedding => 1,
        Category::Core => 2,
        _ => 3,
    });
    let wires: Vec<&Wire> = design
        .wires
        .iter()
        .filter(|wire| wire.to.node == node.id)
        .collect();
    let mut fixes = Vec::new();
    for mut layer in layers {
        if let Some(width) = width.filter(|_| layer.get("units").is_some()) {
            // A width outside the bounds of the setting leaves the default, and the trial then rejects the candidate.
            let _ = layer.set("units", &Value::Int(width as i64));
        }
        for wire in &wires {
            let known = checked.wires.get(&wire.id).copied().flatten();
            if known.is_none_or(|shape| layer.inputs()[0].kind.accepts(shape)) {
                fixes.extend(insert(design, wire.id, &layer, node));
            }
        }
    }
    fixes
}

fn insert(design: &Design, wire: WireId, layer: &Layer, before: &Node) -> Option<Fix> {
    let mut ids = Ids::after(design);
    let near = before.position.map(|[x, y]| [x - 120.0, y + 105.0]);
    let node = new_node(design, layer.clone(), near, &mut ids);
    let edits = compose::insert_on_wire(design, wire, &node, &mut ids).ok()?;
    let (en, zh) = (layer.name().en, layer.name().zh);
    let label = Message::new(
        format!("Insert {en} before {}", before.name),
        format!("在 {} 之前插入{zh}", before.name),
    );
    Some(Fix { label, edits })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mtl_base::NodeId;
    use mtl_base::schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema};

    fn schema() -> Schema {
        let name = || Message::new("name", "名称");
        Schema {
            features: vec![FeatureSchema {
                key: "text".into(),
                name: name(),
                kind: FeatureKind::Tokens {
                    length: 12,
                    cardinality: 50,
                },
            }],
            labels: vec![
                LabelSchema {
                    key: "like".into(),
                    name: name(),
                    kind: LabelKind::Binary,
                    classes: vec![name(), name()],
                },
                LabelSchema {
                    key: "domain".into(),
                    name: name(),
                    kind: LabelKind::Classes { n_classes: 3 },
                    classes: vec![name(), name(), name()],
                },
            ],
        }
    }

    fn chain(keys: &[&str]) -> Design {
        let mut design = Design::new("chain");
        let mut last = None;
        for key in keys {
            let mut layer = Layer::from_key(key).unwrap();
            if layer.is_input() {
                layer.set("feature", &Value::Words("text".into())).unwrap();
            }
            if layer.is_head() {
                layer.set("label", &Value::Words("like".into())).unwrap();
            }
            let id = design.add(*key, layer);
            if let Some(last) = last {
                design.connect(last, id, 0);
            }
            last = Some(id);
        }
        design
    }

    /// Every error of the design has a fix, and applying the first ones ends with a design that trains.
    fn mend(mut design: Design) -> (Design, Vec<String>) {
        let schema = schema();
        let mut labels = Vec::new();
        for _ in 0..8 {
            let checked = check(&design, &schema);
            let errors = checked
                .problems
                .iter()
                .filter(|problem| problem.severity == Severity::Error);
            let Some(fix) = errors
                .clone()
                .find_map(|problem| fixes(&design, &checked, &schema, problem).into_iter().next())
            else {
                assert!(checked.trains(), "no fix for {:#?}", errors.collect::<Vec<_>>());
                return (design, labels);
            };
            labels.push(fix.label.en.clone());
            edit::apply_all(&mut design, &fix.edits).unwrap();
        }
        panic!("fixes go round in circles: {labels:?}");
    }

    #[test]
    fn a_sequence_before_a_head_is_pooled() {
        let (_, labels) = mend(chain(&["token_input", "embedding", "binary_head"]));
        assert_eq!(labels.len(), 1);
        assert!(
            labels[0].starts_with("Insert ") && labels[0].ends_with("pooling before binary_head"),
            "{labels:?}"
        );
    }

    #[test]
    fn missing_parts_are_added() {
        let (_, labels) = mend(chain(&["token_input", "embedding", "global_average_pooling"]));
        assert_eq!(labels, ["Add the task like after global_average_pooling"]);
        let (_, labels) = mend(chain(&["embedding", "global_average_pooling", "binary_head"]));
        assert_eq!(labels, ["Add the input text before embedding"]);
    }

    #[test]
    fn a_cycle_is_cut_and_a_wrong_label_changed() {
        let mut design = chain(&[
            "token_input",
            "embedding",
            "global_average_pooling",
            "add",
            "dense",
            "binary_head",
        ]);
        let ids: Vec<NodeId> = design.nodes.iter().map(|node| node.id).collect();
        design.connect(ids[4], ids[3], 0);
        assert_eq!(mend(design).1, ["Disconnect dense → add"]);

        let mut design = chain(&[
            "token_input",
            "embedding",
            "global_average_pooling",
            "binary_head",
        ]);
        design.nodes[3]
            .layer
            .set("label", &Value::Words("domain".into()))
            .unwrap();
        let (mended, labels) = mend(design);
        assert_eq!((labels.len(), mended.nodes[3].layer.label()), (1, Some("like")));
    }

    #[test]
    fn batch_normalisation_of_one_row_becomes_layer_normalisation() {
        let design = chain(&[
            "token_input",
            "embedding",
            "batch_normalization",
            "global_average_pooling",
            "batch_normalization",
            "binary_head",
        ]);
        let (schema, norm) = (schema(), design.nodes[4].id);
        let checked = check(&design, &schema);
        assert!(batch_problems(&design, &checked, 2).is_empty());
        let problems = batch_problems(&design, &checked, 1);
        assert_eq!(problems.len(), 1, "the one of steps sees several: {problems:?}");
        assert_eq!(problems[0].node, Some(norm));
        let fixes = fixes(&design, &checked, &schema, &problems[0]);
        assert_eq!(fixes.len(), 2);
        let mut replaced = design.clone();
        edit::apply_all(&mut replaced, &fixes[0].edits).unwrap();
        assert_eq!(replaced.node(norm).unwrap().layer.key(), "layer_normalization");
        let mut frozen = design;
        edit::apply_all(&mut frozen, &fixes[1].edits).unwrap();
        assert!(batch_problems(&frozen, &check(&frozen, &schema), 1).is_empty());
    }

    #[test]
    fn unequal_widths_are_made_equal() {
        let mut design = chain(&[
            "token_input",
            "embedding",
            "global_average_pooling",
            "dense",
            "add",
            "binary_head",
        ]);
        let ids: Vec<NodeId> = design.nodes.iter().map(|node| node.id).collect();
        design
            .node_mut(ids[3])
            .unwrap()
            .layer
            .set("units", &Value::Int(7))
            .unwrap();
        design.connect(ids[2], ids[4], 0);
        let (_, labels) = mend(design);
        assert_eq!(labels.len(), 1, "{labels:?}");
    }
}
