//! Composite edits: one user action as a list of [`Edit`]s that is applied (and undone) as one step.
//!
//! Nothing here changes a design; every function looks at one and returns edits for
//! [`apply_all`](super::edit::apply_all), so that a caller may show what would happen before it does.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::edit::{self, Edit, Ids, MAX_NAME_CHARS, Refusal};
use super::graph::{ancestors, descendants, topological};
use super::{Design, Node, Port, Tie, Wire, WireId};
use mtl_base::NodeId;
use mtl_base::text::{Explain, Message};

/// A part of a design that can be pasted anywhere: the clipboard's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Fragment {
    /// Copied nodes under their old ids.
    pub nodes: Vec<Node>,
    /// Wires with both ends among them.
    pub wires: Vec<Wire>,
    /// Names and members of the blocks that lie wholly among them.
    pub blocks: Vec<(String, BTreeSet<NodeId>)>,
    /// Ties with both ends among them.
    pub ties: Vec<Tie>,
}

/// Why selected layers cannot be shared or separated.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ShareError {
    /// Fewer than two equal layers with equal inputs are selected.
    #[error("nothing to merge: select layers of the same type with equal settings and the same inputs")]
    NothingEqual,
    /// Fewer than two tasks depend on what is selected.
    #[error("nothing to separate: select layers that are shared by at least two tasks")]
    NothingShared,
}

impl Explain for ShareError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NothingEqual => "没有可合并的层：请选择类型、设置和输入都相同的层",
            Self::NothingShared => "没有可分开的层：请选择至少两个任务共享的层",
        };
        Message::new(self.to_string(), zh)
    }
}

impl Fragment {
    /// Copies `nodes` with the wires, blocks and ties among them.
    pub fn copy(design: &Design, nodes: &BTreeSet<NodeId>) -> Self {
        let has = |id: &NodeId| nodes.contains(id);
        Self {
            nodes: design
                .nodes
                .iter()
                .filter(|node| has(&node.id))
                .cloned()
                .collect(),
            wires: design
                .wires
                .iter()
                .filter(|wire| has(&wire.from.node) && has(&wire.to.node))
                .cloned()
                .collect(),
            blocks: design
                .blocks
                .iter()
                .filter(|block| block.nodes.iter().all(has))
                .map(|block| (block.name.clone(), block.nodes.clone()))
                .collect(),
            ties: design
                .ties
                .iter()
                .filter(|tie| has(&tie.a) && has(&tie.b))
                .cloned()
                .collect(),
        }
    }

    /// Top left corner of the nodes that have a place.
    pub fn corner(&self) -> Option<[f32; 2]> {
        self.nodes
            .iter()
            .filter_map(|node| node.position)
            .reduce(|[x, y], [other_x, other_y]| [x.min(other_x), y.min(other_y)])
    }

    /// Edits that add the fragment to `design` under fresh ids and names, moved by `offset`; and a map from old to new ids.
    pub fn paste(
        &self,
        design: &Design,
        ids: &mut Ids,
        offset: [f32; 2],
    ) -> (Vec<Edit>, BTreeMap<NodeId, NodeId>) {
        let mut names = Names::of(design);
        let fresh = BTreeMap::from_iter(self.nodes.iter().map(|node| (node.id, ids.node())));
        let renewed = |id: NodeId| fresh.get(&id).copied();
        let mut edits = Vec::new();
        for node in &self.nodes {
            let Some(id) = renewed(node.id) else { continue };
            let position = node.position.map(|[x, y]| [x + offset[0], y + offset[1]]);
            edits.push(Edit::AddNode {
                node: Node {
                    id,
                    name: names.fresh(&node.name),
                    position,
                    ..node.clone()
                },
            });
        }
        for wire in in_order(&self.wires) {
            let (Some(from), Some(to)) = (renewed(wire.from.node), renewed(wire.to.node)) else {
                continue;
            };
            edits.push(Edit::Connect {
                wire: Wire {
                    id: ids.wire(),
                    from: Port {
                        node: from,
                        ..wire.from
                    },
                    to: Port { node: to, ..wire.to },
                },
            });
        }
        for (name, members) in &self.blocks {
            let nodes = BTreeSet::from_iter(members.iter().filter_map(|id| renewed(*id)));
            if !nodes.is_empty() {
                edits.push(Edit::Group {
                    name: name.clone(),
                    nodes,
                });
            }
        }
        for tie in &self.ties {
            if let (Some(a), Some(b)) = (renewed(tie.a), renewed(tie.b)) {
                edits.push(Edit::SetTie {
                    a,
                    b,
                    strength: tie.strength,
                });
            }
        }
        (edits, fresh)
    }
}

/// Copies of `nodes` beside them; a copy keeps the wires that come in from outside, so that a duplicated tower has the
/// same trunk.
pub fn duplicate(
    design: &Design,
    nodes: &BTreeSet<NodeId>,
    ids: &mut Ids,
    offset: [f32; 2],
) -> (Vec<Edit>, BTreeSet<NodeId>) {
    let (mut edits, fresh) = Fragment::copy(design, nodes).paste(design, ids, offset);
    for wire in in_order(&design.wires) {
        if let (None, Some(copy)) = (fresh.get(&wire.from.node), fresh.get(&wire.to.node)) {
            let to = Port {
                node: *copy,
                ..wire.to
            };
            edits.push(Edit::Connect {
                wire: Wire {
                    id: ids.wire(),
                    from: wire.from,
                    to,
                },
            });
        }
    }
    (edits, fresh.into_values().collect())
}

/// Removes `nodes`; where types allow, their sources are connected to their destinations.
pub fn remove_and_splice(design: &Design, nodes: &BTreeSet<NodeId>, ids: &mut Ids) -> Vec<Edit> {
    let removal = Edit::RemoveNodes { nodes: nodes.clone() };
    let mut rest = design.clone();
    if edit::apply(&mut rest, &removal).is_err() {
        return vec![removal];
    }
    let mut edits = vec![removal];
    for leaving in in_order(&design.wires) {
        if !nodes.contains(&leaving.from.node) || nodes.contains(&leaving.to.node) {
            continue;
        }
        let before = ancestors(&design.wires, leaving.from.node, |id| nodes.contains(&id));
        let mut id = Some(leaving.id);
        for entering in in_order(&design.wires) {
            if nodes.contains(&entering.from.node) || !before.contains(&entering.to.node) {
                continue;
            }
            let wire = Wire {
                id: id.take().unwrap_or_else(|| ids.wire()),
                from: entering.from,
                to: leaving.to,
            };
            let connect = Edit::Connect { wire };
            if edit::apply(&mut rest, &connect).is_ok() {
                edits.push(connect);
            }
        }
    }
    edits
}

/// Puts a node on a wire: its first fitting input takes the wire's start, its first fitting output the wire's end.
/// `node` is added when the design does not have it yet.
pub fn insert_on_wire(
    design: &Design,
    wire: WireId,
    node: &Node,
    ids: &mut Ids,
) -> Result<Vec<Edit>, edit::EditError> {
    let old = design
        .wires
        .iter()
        .find(|other| other.id == wire)
        .ok_or(edit::EditError::NoWire(wire))?;
    let mut scratch = design.clone();
    let mut edits = Vec::new();
    let mut push = |scratch: &mut Design, edit: Edit| -> Result<(), edit::EditError> {
        edit::apply(scratch, &edit)?;
        edits.push(edit);
        Ok(())
    };
    if design.node(node.id).is_none() {
        push(&mut scratch, Edit::AddNode { node: node.clone() })?;
    }
    push(
        &mut scratch,
        Edit::Disconnect {
            wires: BTreeSet::from_iter([wire]),
        },
    )?;
    let to = first_input(&scratch, old.from, node)?;
    push(
        &mut scratch,
        Edit::Connect {
            wire: Wire {
                id: ids.wire(),
                from: old.from,
                to,
            },
        },
    )?;
    let from = first_output(&scratch, node, old.to)?;
    push(
        &mut scratch,
        Edit::Connect {
            wire: Wire {
                id: wire,
                from,
                to: old.to,
            },
        },
    )?;
    Ok(edits)
}

/// The first input of `node` that may be connected with `from`, or why the first one may not.
pub fn first_input(design: &Design, from: Port, node: &Node) -> Result<Port, Refusal> {
    first(
        (0..node.layer.inputs().len()).map(|handle| Port {
            node: node.id,
            handle,
        }),
        |to| edit::can_connect(design, from, to),
    )
}

/// The first output of `node` that may be connected with `to`, or why the first one may not.
pub fn first_output(design: &Design, node: &Node, to: Port) -> Result<Port, Refusal> {
    first(
        (0..node.layer.outputs().len()).map(|handle| Port {
            node: node.id,
            handle,
        }),
        |from| edit::can_connect(design, from, to),
    )
}

fn first(
    ports: impl Iterator<Item = Port>,
    allowed: impl Fn(Port) -> Result<(), Refusal>,
) -> Result<Port, Refusal> {
    let mut why = Refusal::NoHandle;
    for (position, port) in ports.enumerate() {
        match allowed(port) {
            Ok(()) => return Ok(port),
            Err(refusal) if position == 0 => why = refusal,
            Err(_) => {}
        }
    }
    Err(why)
}

/// The command "give each task its own": copies `nodes`, and all nodes between them and the tasks that share them, once per
/// task. The first task keeps the originals.
pub fn separate(design: &Design, nodes: &BTreeSet<NodeId>, ids: &mut Ids) -> Result<Vec<Edit>, ShareError> {
    let tasks_of = tasks_by_node(design);
    let tasks = |id: NodeId| tasks_of.get(&id).cloned().unwrap_or_default();
    // Shared nodes downstream must be copied too, or the copies would be merged again.
    let is_shared = |id: NodeId| tasks(id).len() > 1;
    let mut copied = BTreeSet::new();
    for id in nodes.iter().copied().filter(|id| is_shared(*id)) {
        copied.extend(descendants(&design.wires, id, is_shared));
    }
    let all = BTreeSet::from_iter(copied.iter().flat_map(|id| tasks(*id)));
    if all.len() < 2 {
        return Err(ShareError::NothingShared);
    }
    let mut names = Names::of(design);
    let mut edits = Vec::new();
    let owner: BTreeMap<NodeId, NodeId> = BTreeMap::from_iter(
        copied
            .iter()
            .filter_map(|id| tasks(*id).first().map(|task| (*id, *task))),
    );
    let mut copies: BTreeMap<(NodeId, NodeId), NodeId> =
        BTreeMap::from_iter(owner.iter().map(|(id, task)| ((*id, *task), *id)));
    for (row, task) in all.iter().enumerate() {
        let task_name = design.node(*task).map_or("", |node| node.name.as_str());
        for node in design.nodes.iter().filter(|node| copied.contains(&node.id)) {
            let name = names.fresh(&format!("{} {task_name}", node.name));
            if owner.get(&node.id) == Some(task) {
                edits.push(Edit::Rename { node: node.id, name });
            } else if tasks(node.id).contains(task) {
                let id = ids.node();
                copies.insert((node.id, *task), id);
                let position = node
                    .position
                    .map(|[x, y]| [x + 30.0 * row as f32, y + 90.0 * row as f32]);
                edits.push(Edit::AddNode {
                    node: Node {
                        id,
                        name,
                        position,
                        ..node.clone()
                    },
                });
            }
        }
    }
    for wire in in_order(&design.wires) {
        let ends_inside = copied.contains(&wire.to.node);
        if !copied.contains(&wire.from.node) && !ends_inside {
            continue;
        }
        for task in tasks(wire.to.node) {
            let copy = |id: NodeId| copies.get(&(id, task)).copied().unwrap_or(id);
            let from = Port {
                node: copy(wire.from.node),
                ..wire.from
            };
            let to = Port {
                node: copy(wire.to.node),
                ..wire.to
            };
            if (from, to) == (wire.from, wire.to) {
                continue;
            }
            edits.push(if ends_inside {
                Edit::Connect {
                    wire: Wire {
                        id: ids.wire(),
                        from,
                        to,
                    },
                }
            } else {
                Edit::Reroute {
                    wire: wire.id,
                    from,
                    to,
                }
            });
        }
    }
    // Wires between originals of different owners have been copied for every task that uses them: drop the rest.
    let crossing: BTreeSet<WireId> = BTreeSet::from_iter(
        design
            .wires
            .iter()
            .filter(|wire| copied.contains(&wire.from.node) && copied.contains(&wire.to.node))
            .filter(|wire| owner.get(&wire.from.node) != owner.get(&wire.to.node))
            .map(|wire| wire.id),
    );
    if !crossing.is_empty() {
        edits.insert(0, Edit::Disconnect { wires: crossing });
    }
    Ok(edits)
}

/// The command "share": merges those of `nodes` that have equal settings and inputs, so that their tasks use one.
pub fn share(design: &Design, nodes: &BTreeSet<NodeId>) -> Result<Vec<Edit>, ShareError> {
    let mut kept: Vec<(&Node, Vec<Port>)> = Vec::new();
    let mut merged: BTreeMap<NodeId, NodeId> = BTreeMap::new();
    for id in topological(design) {
        let Some(node) = design
            .node(id)
            .filter(|node| nodes.contains(&id) && !node.layer.is_head())
        else {
            continue;
        };
        let mut inputs: Vec<&Wire> = design.wires.iter().filter(|wire| wire.to.node == id).collect();
        inputs.sort_by_key(|wire| (wire.to.handle, wire.id));
        let sources: Vec<Port> = inputs
            .iter()
            .map(|wire| Port {
                node: merged.get(&wire.from.node).copied().unwrap_or(wire.from.node),
                ..wire.from
            })
            .collect();
        match kept
            .iter()
            .find(|(other, ports)| other.layer == node.layer && *ports == sources)
        {
            Some((other, _)) => {
                merged.insert(id, other.id);
            }
            None => kept.push((node, sources)),
        }
    }
    if merged.is_empty() {
        return Err(ShareError::NothingEqual);
    }
    let mut edits = Vec::new();
    let mut scratch = design.clone();
    let gone = BTreeSet::from_iter(merged.keys().copied());
    for wire in design
        .wires
        .iter()
        .filter(|wire| gone.contains(&wire.from.node) && !gone.contains(&wire.to.node))
    {
        let from = Port {
            node: merged[&wire.from.node],
            ..wire.from
        };
        let reroute = Edit::Reroute {
            wire: wire.id,
            from,
            to: wire.to,
        };
        // A merge of two equal layers, say `Concatenate [a, a']`, would want the same wire twice: the first stays.
        if edit::apply(&mut scratch, &reroute).is_ok() {
            edits.push(reroute);
        }
    }
    edits.push(Edit::RemoveNodes { nodes: gone });
    Ok(edits)
}

/// Which tasks (heads) each node leads to.
pub fn tasks_by_node(design: &Design) -> BTreeMap<NodeId, BTreeSet<NodeId>> {
    let mut tasks: BTreeMap<NodeId, BTreeSet<NodeId>> = BTreeMap::new();
    for head in design.heads() {
        for node in ancestors(&design.wires, head.id, |_| true) {
            tasks.entry(node).or_default().insert(head.id);
        }
    }
    tasks
}

fn in_order(wires: &[Wire]) -> Vec<&Wire> {
    let mut sorted: Vec<&Wire> = wires.iter().collect();
    sorted.sort_by_key(|wire| wire.id);
    sorted
}

/// The set of names in use, from which free names are derived.
pub struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    /// The names of the nodes of `design`.
    pub fn of(design: &Design) -> Self {
        Self {
            taken: BTreeSet::from_iter(design.nodes.iter().map(|node| node.name.clone())),
        }
    }

    /// `wanted` when it is free, else with the next free number; the returned name counts as used from then on.
    pub fn fresh(&mut self, wanted: &str) -> String {
        let wanted: String = wanted.chars().take(MAX_NAME_CHARS).collect();
        if self.taken.insert(wanted.clone()) {
            return wanted;
        }
        let stem = wanted.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end();
        let stem: String = stem.chars().take(MAX_NAME_CHARS - 7).collect();
        let free = (2_u32..)
            .map(|number| {
                if stem.is_empty() {
                    number.to_string()
                } else {
                    format!("{stem} {number}")
                }
            })
            .find(|name| !self.taken.contains(name))
            .unwrap_or(wanted);
        self.taken.insert(free.clone());
        free
    }
}
