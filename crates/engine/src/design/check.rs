//! Checks a design against a schema: shapes, sharing, costs and problems; and lowers it to a plan on the way.
//!
//! Any design can be checked, however broken. Layers are lowered in topological order, first those that lead to a task
//! head, then the rest (which is checked, but is not part of the plan). A problem of a node that leads to no head is a
//! warning: it does not keep the rest from training.

use std::collections::BTreeSet;

use super::{Design, Node, Wire, WireId, graph::Graph};
pub use super::{
    problems::{Problem, ProblemKind, Severity},
    report::{Checked, NodeReport, ParameterCounts, TaskReport},
};
use crate::{
    layers::{Arity, Layer, LowerError, Shape},
    lowering::{Lowering, NodeSpec, Signal, Source},
};
use mtl_base::NodeId;
use mtl_base::{schema::Schema, settings::Settings};
pub use mtl_program::specs::{MAX_TASKS, TaskSet};
use mtl_program::{plan::Plan, specs::TieSpec};

/// Limits on the size of a design.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest number of parameters.
    pub max_parameters: usize,
    /// Most bytes for parameters, gradients, optimizer state and the arena together with the rows of the data set.
    pub max_bytes: usize,
    /// Bytes of these that the rows of the data set take.
    pub row_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_parameters: 20_000_000,
            max_bytes: 900_000_000,
            row_bytes: 0,
        }
    }
}

/// A design with its report and, when it has no error, the plan that trains it.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// The report.
    pub checked: Checked,
    /// The plan; incomplete when the report has an error.
    pub plan: Plan,
}

/// Checks a design.
pub fn check(design: &Design, schema: &Schema) -> Checked {
    lower(design, schema, &Limits::default()).checked
}

/// Checks a design and lowers it to a plan.
pub fn lower(design: &Design, schema: &Schema, limits: &Limits) -> Lowered {
    let graph = Graph::new(design);
    let mut checker = Checker {
        design,
        schema,
        signals: vec![None; design.nodes.len()],
        plan: Plan::default(),
        checked: Checked::default(),
        graph: &graph,
    };
    checker.check_document();
    checker.check_wires();
    for index in graph.order.iter().copied().filter(|index| graph.needed[*index]) {
        checker.check_node(index);
    }
    let kept = checker.plan.lengths();
    let n_outputs = checker.plan.node_outputs.len();
    for index in graph.order.iter().copied().filter(|index| !graph.needed[*index]) {
        checker.check_node(index);
    }
    checker.plan.truncate(kept);
    checker.plan.node_outputs.truncate(n_outputs);
    checker.finish(limits);
    Lowered {
        checked: checker.checked,
        plan: checker.plan,
    }
}

/// What training with `batch_size` rows per step adds to the problems of a design: a batch normalisation that would see one value per
/// column at a time, which has no variance. Steps of a sequence are several values, and a frozen layer needs none.
pub fn batch_problems(design: &Design, checked: &Checked, batch_size: usize) -> Vec<Problem> {
    let sees_one_value = |node: &&Node| {
        let report = checked.nodes.get(&node.id);
        let steps = report
            .and_then(|report| report.outputs.first())
            .map(|shape| shape.steps());
        batch_size == 1
            && matches!(node.layer, Layer::BatchNormalization(_))
            && !node.frozen
            && steps == Some(1)
    };
    let nodes = design.nodes.iter().filter(sees_one_value);
    nodes
        .map(|node| Problem {
            kind: ProblemKind::BatchOfOne {
                node: node.name.clone(),
            },
            node: Some(node.id),
            wire: None,
            severity: Severity::Warning,
        })
        .collect()
}

struct Checker<'a> {
    design: &'a Design,
    schema: &'a Schema,
    graph: &'a Graph<'a>,
    /// Outputs of each node; `None` until it is lowered, or when it cannot be lowered.
    signals: Vec<Option<Vec<Signal>>>,
    plan: Plan,
    checked: Checked,
}

impl Checker<'_> {
    fn problem(&mut self, kind: ProblemKind, node: Option<NodeId>, wire: Option<WireId>, severity: Severity) {
        self.checked.problems.push(Problem {
            kind,
            node,
            wire,
            severity,
        });
    }

    /// Reports a problem of the node at `index`: a warning when the node leads to no head.
    fn node_problem(&mut self, index: usize, kind: ProblemKind, wire: Option<WireId>) {
        let severity = if self.graph.needed[index] || self.graph.heads.is_empty() {
            Severity::Error
        } else {
            Severity::Warning
        };
        self.problem(kind, Some(self.design.nodes[index].id), wire, severity);
    }

    fn check_document(&mut self) {
        if self.design.nodes.is_empty() {
            self.problem(ProblemKind::Empty, None, None, Severity::Error);
        } else if self.graph.heads.is_empty() {
            self.problem(ProblemKind::NoHead, None, None, Severity::Error);
        } else if self.graph.heads.len() > MAX_TASKS {
            let kind = ProblemKind::TooManyHeads {
                got: self.graph.heads.len(),
                ceiling: MAX_TASKS,
            };
            self.problem(kind, None, None, Severity::Error);
        }
        let mut ids = BTreeSet::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for node in &self.design.nodes {
            if !ids.insert(node.id) {
                self.problem(
                    ProblemKind::DuplicateNode { id: node.id.0 },
                    Some(node.id),
                    None,
                    Severity::Error,
                );
            }
            if node.name.trim().is_empty() {
                self.problem(ProblemKind::EmptyName, Some(node.id), None, Severity::Error);
            } else if !names.insert(&node.name) {
                let kind = ProblemKind::DuplicateName {
                    name: node.name.clone(),
                };
                self.problem(kind, Some(node.id), None, Severity::Error);
            }
        }
        for cycle in &self.graph.cycles {
            let nodes = cycle
                .iter()
                .map(|index| self.design.nodes[*index].name.clone())
                .collect();
            let node = cycle.first().map(|index| self.design.nodes[*index].id);
            self.problem(ProblemKind::Cycle { nodes }, node, None, Severity::Error);
        }
    }

    fn check_wires(&mut self) {
        let mut ids = BTreeSet::new();
        let mut ends = BTreeSet::new();
        for wire in &self.design.wires {
            if !ids.insert(wire.id) {
                let kind = ProblemKind::DuplicateWireId { id: wire.id.0 };
                self.problem(kind, None, Some(wire.id), Severity::Error);
            }
            match self.graph.ends(wire) {
                None => self.problem(ProblemKind::Dangling, None, Some(wire.id), Severity::Error),
                Some((from, to)) => {
                    if !ends.insert((wire.from, wire.to)) {
                        let name = |index: usize| self.design.nodes[index].name.clone();
                        let kind = ProblemKind::DuplicateWire {
                            from: name(from),
                            to: name(to),
                        };
                        self.problem(kind, Some(wire.to.node), Some(wire.id), Severity::Warning);
                    }
                }
            }
            self.checked.wires.insert(wire.id, None);
        }
    }

    /// The signals of the wires into a node, in the order of its handles; `None` when one is missing.
    fn inputs(&mut self, index: usize) -> Option<Vec<Signal>> {
        let node = &self.design.nodes[index];
        let mut complete = true;
        let mut inputs = Vec::new();
        for (handle, port) in node.layer.inputs().iter().enumerate() {
            let wires: Vec<&Wire> = self.graph.wires_into(index, handle).collect();
            if wires.is_empty() {
                complete = false;
                let kind = ProblemKind::MissingInput {
                    node: node.name.clone(),
                    handle: port.name,
                    expected: port.kind,
                };
                self.node_problem(index, kind, None);
            } else if wires.len() > 1 && port.arity == Arity::One {
                complete = false;
                let kind = ProblemKind::TooManyWires {
                    node: node.name.clone(),
                    handle: port.name,
                    got: wires.len(),
                };
                self.node_problem(index, kind, Some(wires[1].id));
            }
            for wire in wires {
                let signal = self.graph.ends(wire).and_then(|(from, _)| {
                    self.signals[from]
                        .as_ref()
                        .and_then(|signals| signals.get(wire.from.handle))
                        .copied()
                });
                match signal {
                    None => complete = false,
                    Some(signal) => {
                        self.checked.wires.insert(wire.id, Some(signal.shape));
                        if port.kind.accepts(signal.shape) {
                            inputs.push(signal);
                        } else {
                            complete = false;
                            let error = LowerError::Kind {
                                handle,
                                expected: port.kind,
                                got: signal.shape,
                            };
                            let kind = ProblemKind::Layer {
                                node: node.name.clone(),
                                error,
                            };
                            self.node_problem(index, kind, Some(wire.id));
                        }
                    }
                }
            }
        }
        complete.then_some(inputs)
    }

    /// Whether every setting is within its bounds (a file can hold anything).
    fn check_settings(&mut self, index: usize) -> bool {
        let node = &self.design.nodes[index];
        let faults = node.layer.faults();
        let fine = faults.is_empty();
        for error in faults {
            let kind = ProblemKind::Setting {
                node: node.name.clone(),
                error,
            };
            self.node_problem(index, kind, None);
        }
        fine
    }

    fn check_node(&mut self, index: usize) {
        let node = &self.design.nodes[index];
        let tasks = self.graph.tasks[index];
        let settings_fine = self.check_settings(index);
        let inputs = self.inputs(index);
        let before = self.plan.lengths();
        let task_idx = self
            .graph
            .heads
            .iter()
            .position(|head| *head == index)
            .unwrap_or(0);
        let mut report = NodeReport {
            tasks,
            ..NodeReport::default()
        };
        if let (Some(inputs), true) = (inputs, settings_fine) {
            let spec = NodeSpec {
                id: node.id,
                name: &node.name,
                frozen: node.frozen,
                tasks,
                task_idx,
            };
            let mut lowering = Lowering::new(&mut self.plan, self.schema, spec);
            match node.layer.lower(&mut lowering, &inputs) {
                Ok(signals) => {
                    report.outputs = signals.iter().map(|signal| signal.shape).collect();
                    for parameter in &self.plan.parameters[before.parameters..] {
                        report.n_parameters = report.n_parameters.saturating_add(parameter.range.len());
                        report
                            .parameters
                            .push((parameter.short_name, parameter.shape.clone()));
                    }
                    let macs = self.plan.ops[before.ops..].iter().map(mtl_program::ops::Op::macs);
                    report.macs = macs.fold(0, u64::saturating_add);
                    if let Some(Signal {
                        source: Source::Value(value),
                        ..
                    }) = signals.first()
                    {
                        self.plan.node_outputs.push((node.id, *value));
                    }
                    self.signals[index] = Some(signals);
                }
                Err(error) => {
                    self.plan.truncate(before);
                    self.node_problem(
                        index,
                        ProblemKind::Layer {
                            node: node.name.clone(),
                            error,
                        },
                        None,
                    );
                }
            }
        }
        if !node.layer.is_head() && !self.graph.heads.is_empty() && tasks.is_empty() {
            let kind = ProblemKind::ReachesNoLoss {
                node: node.name.clone(),
            };
            self.problem(kind, Some(node.id), None, Severity::Warning);
        }
        if node.layer.loss_weight() == Some(0.0) {
            let kind = ProblemKind::ZeroWeight {
                node: node.name.clone(),
            };
            self.problem(kind, Some(node.id), None, Severity::Warning);
        }
        self.checked.nodes.insert(node.id, report);
    }

    fn finish(&mut self, limits: &Limits) {
        let heads = &self.graph.heads;
        let heads_outputs = self.plan.tasks.iter().map(|task| (task.node, task.logits));
        self.plan.node_outputs.extend(heads_outputs);
        let head_position = |node: NodeId| heads.iter().position(|head| self.design.nodes[*head].id == node);
        self.plan.tasks.sort_by_key(|task| head_position(task.node));
        // Nodes in a cycle were never lowered; they are listed all the same.
        for (index, node) in self.design.nodes.iter().enumerate() {
            let tasks = self.graph.tasks[index];
            self.checked.nodes.entry(node.id).or_insert_with(|| NodeReport {
                tasks,
                ..NodeReport::default()
            });
        }
        for report in self.checked.nodes.values() {
            let counts = &mut self.checked.parameters;
            counts.total = counts.total.saturating_add(report.n_parameters);
            let bucket = match report.tasks.len() {
                0 => &mut counts.idle,
                1 => &mut counts.private,
                _ => &mut counts.shared,
            };
            *bucket = bucket.saturating_add(report.n_parameters);
            self.checked.macs = self.checked.macs.saturating_add(report.macs);
        }
        for (task_idx, index) in heads.iter().take(MAX_TASKS).enumerate() {
            let node = &self.design.nodes[*index];
            let count = |chosen: &dyn Fn(TaskSet) -> bool| {
                let reports = self.checked.nodes.values().filter(|report| chosen(report.tasks));
                reports.fold(0_usize, |sum, report| sum.saturating_add(report.n_parameters))
            };
            let n_parameters = count(&|tasks| tasks.contains(task_idx));
            let n_private = count(&|tasks| tasks == TaskSet::of(task_idx));
            self.checked.tasks.push(TaskReport {
                node: node.id,
                name: node.name.clone(),
                label: node.layer.label().unwrap_or_default().to_owned(),
                weight: node.layer.loss_weight().unwrap_or(1.0),
                n_parameters,
                n_private,
            });
        }
        self.check_ties();
        if self.checked.parameters.total > limits.max_parameters {
            let kind = ProblemKind::TooManyParameters {
                got: self.checked.parameters.total,
                ceiling: limits.max_parameters,
            };
            let largest = self
                .checked
                .nodes
                .iter()
                .max_by_key(|(_, report)| report.n_parameters);
            let node = largest.map(|(id, _)| *id);
            self.problem(kind, node, None, Severity::Error);
        }
        self.checked
            .problems
            .sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    }

    fn check_ties(&mut self) {
        for tie in &self.design.ties {
            let (Some(a), Some(b)) = (self.design.node(tie.a), self.design.node(tie.b)) else {
                self.problem(
                    ProblemKind::BadTie {
                        strength: tie.strength,
                    },
                    None,
                    None,
                    Severity::Error,
                );
                continue;
            };
            if tie.a == tie.b || !tie.strength.is_finite() || tie.strength < 0.0 {
                let kind = ProblemKind::BadTie {
                    strength: tie.strength,
                };
                self.problem(kind, Some(tie.a), None, Severity::Error);
                continue;
            }
            let parameters = |id: NodeId| self.checked.nodes.get(&id).map(|report| &report.parameters);
            if parameters(tie.a) != parameters(tie.b) {
                let kind = ProblemKind::Tie {
                    a: a.name.clone(),
                    b: b.name.clone(),
                    a_shapes: describe(parameters(tie.a)),
                    b_shapes: describe(parameters(tie.b)),
                };
                self.problem(kind, Some(tie.b), None, Severity::Error);
                continue;
            }
            let of = |id: NodeId| {
                self.plan
                    .parameters
                    .iter()
                    .enumerate()
                    .filter(move |(_, p)| p.node == id)
            };
            let pairs = of(tie.a)
                .zip(of(tie.b))
                .filter(|((_, a), _)| a.trainable || !a.shape.is_empty())
                .map(|((a, _), (b, _))| TieSpec {
                    a: mtl_program::ids::ParameterId(a),
                    b: mtl_program::ids::ParameterId(b),
                    strength: tie.strength,
                });
            let pairs: Vec<TieSpec> = pairs.collect();
            self.plan.ties.extend(pairs);
        }
    }
}

fn describe(parameters: Option<&Vec<(&'static str, Vec<usize>)>>) -> String {
    let axes = |shape: &[usize]| shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
    match parameters {
        Some(parameters) if !parameters.is_empty() => parameters
            .iter()
            .map(|(name, shape)| format!("{name} {}", axes(shape)))
            .collect::<Vec<_>>()
            .join(", "),
        _ => "-".to_owned(),
    }
}

/// The shape that leaves output handle `handle` of `node`, when it is known.
pub fn output_shape(checked: &Checked, node: NodeId, handle: usize) -> Option<Shape> {
    checked
        .nodes
        .get(&node)
        .and_then(|report| report.outputs.get(handle))
        .copied()
}
