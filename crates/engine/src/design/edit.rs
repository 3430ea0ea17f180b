//! Edits: every way in which a design can be changed, as plain data.
//!
//! The canvas, the one-click fixes of the problem list and scripts all use [`Edit`]; [`apply`] validates an edit and
//! changes the design, or returns an error and changes nothing. After any sequence of edits the design is
//! *valid* ([`validate`]): ids are unique, wires end on handles that exist, a handle that takes one wire has at most
//! one, blocks are disjoint, and no wire closes a cycle. Whether a valid design *trains* is another question, answered
//! by `design::check`.
//!
//! ```
//! use mtl_engine::design::{Design, Node, edit::{Edit, Ids, apply}};
//! use mtl_engine::layers::Layer;
//! let mut design = Design::new("mine");
//! let layer = Layer::all().into_iter().next().expect("there are layers");
//! let id = Ids::after(&design).node();
//! apply(&mut design, &Edit::AddNode { node: Node { id, name: "a".into(), layer, position: None, frozen: false } })?;
//! apply(&mut design, &Edit::Rename { node: id, name: "words".into() })?;
//! assert_eq!(design.nodes[0].name, "words");
//! # Ok::<(), mtl_engine::design::edit::EditError>(())
//! ```

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Block, Design, Node, Note, Port, Tie, Wire, WireId, graph::descendants};
use crate::layers::{Arity, Layer};
use mtl_base::NodeId;
use mtl_base::settings::{Settings, Value};

pub use super::refusal::{Countable, EditError, Refusal};

/// Longest name of a node, block or document, in characters.
pub const MAX_NAME_CHARS: usize = 80;
/// Longest text of a note, in characters.
pub const MAX_NOTE_CHARS: usize = 4000;
/// Greatest id of a node, a wire or a note in a design that is opened: there is room above it for what is added.
pub const MAX_ID: u32 = u32::MAX / 2;
/// Most nodes of a design. Checking and drawing take time in proportion, and what a person can still survey is far less.
pub const MAX_NODES: usize = 1_000;
/// Most wires of a design.
pub const MAX_WIRES: usize = 4_000;
/// Most notes of a design.
pub const MAX_NOTES: usize = 500;
/// Most ties between layers of a design.
pub const MAX_TIES: usize = 1_000;
/// Farthest coordinate on the canvas, in pixels from its origin.
pub const MAX_COORDINATE: f32 = 1e6;

/// One change of a design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "edit", rename_all = "snake_case")]
pub enum Edit {
    /// Adds a node under an id that no other node has.
    AddNode {
        /// The node.
        node: Node,
    },
    /// Removes nodes with their wires and ties; blocks that become empty go too.
    RemoveNodes {
        /// Ids of the nodes.
        nodes: BTreeSet<NodeId>,
    },
    /// Adds a wire that [`can_connect`] allows.
    Connect {
        /// The wire.
        wire: Wire,
    },
    /// Removes wires.
    Disconnect {
        /// Ids of the wires.
        wires: BTreeSet<WireId>,
    },
    /// Moves one or both ends of a wire; its place in the order of a handle stays.
    Reroute {
        /// Id of the wire.
        wire: WireId,
        /// New start.
        from: Port,
        /// New end.
        to: Port,
    },
    /// Changes one setting of a layer; wires on handles that vanish are removed.
    SetSetting {
        /// Id of the node.
        node: NodeId,
        /// The setting's key.
        key: String,
        /// Its new value.
        value: Value,
    },
    /// Puts another layer in a node's place; wires stay where the handles exist.
    Replace {
        /// Id of the node.
        node: NodeId,
        /// The new layer.
        layer: Layer,
    },
    /// Renames a node (a task, when it is a head).
    Rename {
        /// Id of the node.
        node: NodeId,
        /// New name.
        name: String,
    },
    /// Places nodes.
    Move {
        /// Nodes with their new top left corners, in pixels.
        positions: Vec<(NodeId, [f32; 2])>,
    },
    /// Freezes or unfreezes the parameters of nodes.
    Freeze {
        /// Ids of the nodes.
        nodes: BTreeSet<NodeId>,
        /// Whether they are frozen.
        frozen: bool,
    },
    /// Makes a named block; the nodes leave the blocks they were in.
    Group {
        /// Its name.
        name: String,
        /// Its members, at least one.
        nodes: BTreeSet<NodeId>,
    },
    /// Dissolves a block; its nodes stay.
    Ungroup {
        /// Index among the blocks.
        block: usize,
    },
    /// Renames a block.
    RenameBlock {
        /// Index among the blocks.
        block: usize,
        /// New name.
        name: String,
    },
    /// Draws a block as one box, or opens it.
    FoldBlock {
        /// Index among the blocks.
        block: usize,
        /// Whether it is folded.
        folded: bool,
    },
    /// Adds a comment.
    AddNote {
        /// The note, under an id that no other note has.
        note: Note,
    },
    /// Changes what a comment says.
    WriteNote {
        /// Id of the comment.
        note: u32,
        /// New text.
        text: String,
    },
    /// Places and sizes a comment.
    PlaceNote {
        /// Id of the comment.
        note: u32,
        /// New top left corner.
        position: [f32; 2],
        /// New width and height.
        size: [f32; 2],
    },
    /// Removes a comment.
    RemoveNote {
        /// Id of the comment.
        note: u32,
    },
    /// Ties the parameters of two layers (soft sharing), or changes the strength of their tie.
    SetTie {
        /// One layer.
        a: NodeId,
        /// The other layer.
        b: NodeId,
        /// Factor of the penalty, not negative.
        strength: f32,
    },
    /// Removes the tie between two layers.
    RemoveTie {
        /// One layer.
        a: NodeId,
        /// The other layer.
        b: NodeId,
    },
    /// Renames the document.
    RenameDesign {
        /// New name.
        name: String,
    },
}

/// Allocates ids that have not been used before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ids {
    node: u32,
    wire: u32,
    note: u32,
}

impl Ids {
    /// Ids above all those in `design`.
    pub fn after(design: &Design) -> Self {
        Self {
            node: design
                .nodes
                .iter()
                .map(|node| node.id.0.saturating_add(1))
                .max()
                .unwrap_or(0),
            wire: design
                .wires
                .iter()
                .map(|wire| wire.id.0.saturating_add(1))
                .max()
                .unwrap_or(0),
            note: design
                .notes
                .iter()
                .map(|note| note.id.saturating_add(1))
                .max()
                .unwrap_or(0),
        }
    }

    /// The maximum of both, so that ids of undone nodes are not allocated again.
    pub fn max(self, other: Self) -> Self {
        Self {
            node: self.node.max(other.node),
            wire: self.wire.max(other.wire),
            note: self.note.max(other.note),
        }
    }

    /// A fresh node id.
    pub fn node(&mut self) -> NodeId {
        self.node += 1;
        NodeId(self.node - 1)
    }

    /// A fresh wire id.
    pub fn wire(&mut self) -> WireId {
        self.wire += 1;
        WireId(self.wire - 1)
    }

    /// A fresh note id.
    pub fn note(&mut self) -> u32 {
        self.note += 1;
        self.note - 1
    }
}

/// Whether a wire from output `from` to input `to` may be added, and why not.
pub fn can_connect(design: &Design, from: Port, to: Port) -> Result<(), Refusal> {
    can_reroute(design, None, from, to)
}

/// The same as [`can_connect`] as if the wire `moving` were not there.
pub fn can_reroute(design: &Design, moving: Option<WireId>, from: Port, to: Port) -> Result<(), Refusal> {
    let (Some(start), Some(end)) = (design.node(from.node), design.node(to.node)) else {
        return Err(Refusal::NoHandle);
    };
    let (outputs, inputs) = (start.layer.outputs(), end.layer.inputs());
    let (Some(output), Some(input)) = (outputs.get(from.handle), inputs.get(to.handle)) else {
        return Err(Refusal::NoHandle);
    };
    let (start_name, end_name) = (|| start.name.clone(), || end.name.clone());
    if from.node == to.node {
        return Err(Refusal::OwnOutput { node: start_name() });
    }
    let others = || design.wires.iter().filter(|wire| Some(wire.id) != moving);
    if others().any(|wire| wire.from == from && wire.to == to) {
        return Err(Refusal::Duplicate {
            from: start_name(),
            to: end_name(),
        });
    }
    if !input.kind.may_take(output.kind) {
        return Err(Refusal::Kind {
            from: start_name(),
            to: end_name(),
            expected: input.kind,
            got: output.kind,
        });
    }
    if input.arity == Arity::One && others().any(|wire| wire.to == to) {
        return Err(Refusal::Taken { to: end_name() });
    }
    if descendants(others(), to.node, |_| true).contains(&from.node) {
        return Err(Refusal::Cycle {
            from: start_name(),
            to: end_name(),
        });
    }
    Ok(())
}

/// Applies one edit. On an error nothing changes.
pub fn apply(design: &mut Design, edit: &Edit) -> Result<(), EditError> {
    match edit {
        Edit::AddNode { node } => {
            if design.node(node.id).is_some() {
                return Err(EditError::IdTaken(node.id.0));
            }
            check_count(Countable::Nodes, design.nodes.len() + 1)?;
            check_length(&node.name, MAX_NAME_CHARS)?;
            if let Some(position) = node.position {
                check_coordinates(&position)?;
            }
            design.nodes.push(node.clone());
        }
        Edit::RemoveNodes { nodes } => {
            check_nodes(design, nodes.iter())?;
            design.nodes.retain(|node| !nodes.contains(&node.id));
            design
                .wires
                .retain(|wire| !nodes.contains(&wire.from.node) && !nodes.contains(&wire.to.node));
            design
                .ties
                .retain(|tie| !nodes.contains(&tie.a) && !nodes.contains(&tie.b));
            leave_blocks(design, nodes);
        }
        Edit::Connect { wire } => {
            if design.wires.iter().any(|other| other.id == wire.id) {
                return Err(EditError::IdTaken(wire.id.0));
            }
            check_count(Countable::Wires, design.wires.len() + 1)?;
            can_connect(design, wire.from, wire.to)?;
            design.wires.push(wire.clone());
        }
        Edit::Disconnect { wires } => {
            for id in wires {
                wire_index(design, *id)?;
            }
            design.wires.retain(|wire| !wires.contains(&wire.id));
        }
        Edit::Reroute { wire, from, to } => {
            let index = wire_index(design, *wire)?;
            can_reroute(design, Some(*wire), *from, *to)?;
            design.wires[index].from = *from;
            design.wires[index].to = *to;
        }
        Edit::SetSetting { node, key, value } => {
            let node = node_mut(design, *node)?;
            let set = node.layer.set(key, value);
            set.map_err(|error| EditError::Setting {
                node: node.name.clone(),
                error,
            })?;
            let id = node.id;
            drop_dangling(design, id);
        }
        Edit::Replace { node, layer } => {
            let old = node_mut(design, *node)?;
            old.layer = layer.clone();
            drop_dangling(design, *node);
            let key = layer.key();
            let alike: BTreeSet<NodeId> = BTreeSet::from_iter(
                design
                    .nodes
                    .iter()
                    .filter(|other| other.layer.key() == key)
                    .map(|other| other.id),
            );
            design.ties.retain(|tie| {
                (tie.a != *node && tie.b != *node) || (alike.contains(&tie.a) && alike.contains(&tie.b))
            });
        }
        Edit::Rename { node, name } => {
            check_length(name, MAX_NAME_CHARS)?;
            node_mut(design, *node)?.name.clone_from(name);
        }
        Edit::Move { positions } => {
            check_nodes(design, positions.iter().map(|(id, _)| id))?;
            positions
                .iter()
                .try_for_each(|(_, position)| check_coordinates(position))?;
            let places = BTreeMap::from_iter(positions.iter().copied());
            for node in &mut design.nodes {
                if let Some(position) = places.get(&node.id) {
                    node.position = Some(*position);
                }
            }
        }
        Edit::Freeze { nodes, frozen } => {
            check_nodes(design, nodes.iter())?;
            for node in design.nodes.iter_mut().filter(|node| nodes.contains(&node.id)) {
                node.frozen = *frozen;
            }
        }
        Edit::Group { name, nodes } => {
            check_length(name, MAX_NAME_CHARS)?;
            check_nodes(design, nodes.iter())?;
            if nodes.is_empty() {
                return Err(EditError::Block);
            }
            leave_blocks(design, nodes);
            design.blocks.push(Block {
                name: name.clone(),
                nodes: nodes.clone(),
                folded: false,
            });
        }
        Edit::Ungroup { block } => {
            block_mut(design, *block)?;
            design.blocks.remove(*block);
        }
        Edit::RenameBlock { block, name } => {
            check_length(name, MAX_NAME_CHARS)?;
            block_mut(design, *block)?.name.clone_from(name);
        }
        Edit::FoldBlock { block, folded } => block_mut(design, *block)?.folded = *folded,
        Edit::AddNote { note } => {
            if design.notes.iter().any(|other| other.id == note.id) {
                return Err(EditError::IdTaken(note.id));
            }
            check_count(Countable::Notes, design.notes.len() + 1)?;
            check_note(note)?;
            design.notes.push(note.clone());
        }
        Edit::WriteNote { note, text } => {
            check_length(text, MAX_NOTE_CHARS)?;
            note_mut(design, *note)?.text.clone_from(text);
        }
        Edit::PlaceNote { note, position, size } => {
            let placed = Note {
                id: *note,
                text: String::new(),
                position: *position,
                size: *size,
            };
            check_note(&placed)?;
            let note = note_mut(design, *note)?;
            (note.position, note.size) = (*position, *size);
        }
        Edit::RemoveNote { note } => {
            note_mut(design, *note)?;
            design.notes.retain(|other| other.id != *note);
        }
        Edit::SetTie { a, b, strength } => {
            let tie = Tie {
                a: *a.min(b),
                b: *a.max(b),
                strength: *strength,
            };
            check_tie(design, &tie)?;
            match design.ties.iter_mut().find(|other| is_between(other, *a, *b)) {
                Some(other) => other.strength = *strength,
                None => {
                    check_count(Countable::Ties, design.ties.len() + 1)?;
                    design.ties.push(tie);
                }
            }
        }
        Edit::RemoveTie { a, b } => {
            check_nodes(design, [a, b].into_iter())?;
            design.ties.retain(|tie| !is_between(tie, *a, *b));
        }
        Edit::RenameDesign { name } => {
            check_length(name, MAX_NAME_CHARS)?;
            design.name.clone_from(name);
        }
    }
    Ok(())
}

/// Applies all edits. On an error nothing changes.
pub fn apply_all(design: &mut Design, edits: &[Edit]) -> Result<(), EditError> {
    let mut changed = design.clone();
    edits.iter().try_for_each(|edit| apply(&mut changed, edit))?;
    *design = changed;
    Ok(())
}

/// Whether a design that came from outside (a file, a link) is valid; cycles and kinds are left to `design::check`.
pub fn validate(design: &Design) -> Result<(), EditError> {
    if design.version > super::DESIGN_VERSION {
        return Err(EditError::Version {
            expected: super::DESIGN_VERSION,
            got: design.version,
        });
    }
    // Before anything whose time grows with them. (A block has a node of its own.)
    check_count(Countable::Nodes, design.nodes.len())?;
    check_count(Countable::Wires, design.wires.len())?;
    check_count(Countable::Notes, design.notes.len())?;
    check_count(Countable::Ties, design.ties.len())?;
    check_count(Countable::Blocks, design.blocks.len())?;
    check_length(&design.name, MAX_NAME_CHARS)?;
    let mut nodes: BTreeMap<NodeId, &Node> = BTreeMap::new();
    for node in &design.nodes {
        check_length(&node.name, MAX_NAME_CHARS)?;
        if let Some(position) = node.position {
            check_coordinates(&position)?;
        }
        check_id(node.id.0)?;
        if nodes.insert(node.id, node).is_some() {
            return Err(EditError::IdTaken(node.id.0));
        }
    }
    let mut wires = BTreeSet::new();
    let mut taken = BTreeSet::new();
    let mut pairs = BTreeSet::new();
    for wire in &design.wires {
        check_id(wire.id.0)?;
        if !wires.insert(wire.id) {
            return Err(EditError::IdTaken(wire.id.0));
        }
        let start = nodes
            .get(&wire.from.node)
            .ok_or(EditError::NoNode(wire.from.node))?;
        let end = nodes.get(&wire.to.node).ok_or(EditError::NoNode(wire.to.node))?;
        let inputs = end.layer.inputs();
        let (Some(_), Some(input)) = (
            start.layer.outputs().get(wire.from.handle),
            inputs.get(wire.to.handle),
        ) else {
            return Err(Refusal::NoHandle.into());
        };
        if !taken.insert(wire.to) && input.arity == Arity::One {
            return Err(Refusal::Taken { to: end.name.clone() }.into());
        }
        if !pairs.insert((wire.from, wire.to)) {
            return Err(Refusal::Duplicate {
                from: start.name.clone(),
                to: end.name.clone(),
            }
            .into());
        }
    }
    let mut grouped = BTreeSet::new();
    for block in &design.blocks {
        check_length(&block.name, MAX_NAME_CHARS)?;
        check_nodes(design, block.nodes.iter())?;
        if block.nodes.is_empty() || !block.nodes.iter().all(|node| grouped.insert(*node)) {
            return Err(EditError::Block);
        }
    }
    let mut notes = BTreeSet::new();
    for note in &design.notes {
        check_note(note)?;
        check_id(note.id)?;
        if !notes.insert(note.id) {
            return Err(EditError::IdTaken(note.id));
        }
    }
    design.ties.iter().try_for_each(|tie| check_tie(design, tie))
}

fn check_id(id: u32) -> Result<(), EditError> {
    if id > MAX_ID {
        return Err(EditError::IdTooLarge {
            expected: MAX_ID,
            got: id,
        });
    }
    Ok(())
}

fn check_count(what: Countable, got: usize) -> Result<(), EditError> {
    let expected = match what {
        Countable::Nodes | Countable::Blocks => MAX_NODES,
        Countable::Wires => MAX_WIRES,
        Countable::Notes => MAX_NOTES,
        Countable::Ties => MAX_TIES,
    };
    if got <= expected {
        Ok(())
    } else {
        Err(EditError::TooMany { what, expected, got })
    }
}

/// Removes wires on handles of `id` that its layer no longer has, and wires too many on handles that take one.
fn drop_dangling(design: &mut Design, id: NodeId) {
    let Some(node) = design.node(id) else { return };
    let n_outputs = node.layer.outputs().len();
    let arities: Vec<Arity> = node.layer.inputs().iter().map(|port| port.arity).collect();
    let mut taken = BTreeSet::new();
    design.wires.retain(|wire| {
        let starts = wire.from.node != id || wire.from.handle < n_outputs;
        let ends = wire.to.node != id
            || match arities.get(wire.to.handle) {
                Some(Arity::One) => taken.insert(wire.to.handle),
                Some(Arity::Many) => true,
                None => false,
            };
        starts && ends
    });
}

fn leave_blocks(design: &mut Design, nodes: &BTreeSet<NodeId>) {
    for block in &mut design.blocks {
        block.nodes.retain(|node| !nodes.contains(node));
    }
    design.blocks.retain(|block| !block.nodes.is_empty());
}

fn is_between(tie: &Tie, a: NodeId, b: NodeId) -> bool {
    (tie.a == a && tie.b == b) || (tie.a == b && tie.b == a)
}

fn node_mut(design: &mut Design, id: NodeId) -> Result<&mut Node, EditError> {
    design.node_mut(id).ok_or(EditError::NoNode(id))
}

fn note_mut(design: &mut Design, id: u32) -> Result<&mut Note, EditError> {
    design
        .notes
        .iter_mut()
        .find(|note| note.id == id)
        .ok_or(EditError::NoNote(id))
}

fn block_mut(design: &mut Design, index: usize) -> Result<&mut Block, EditError> {
    design.blocks.get_mut(index).ok_or(EditError::Block)
}

fn wire_index(design: &Design, id: WireId) -> Result<usize, EditError> {
    design
        .wires
        .iter()
        .position(|wire| wire.id == id)
        .ok_or(EditError::NoWire(id))
}

fn check_nodes<'a>(design: &Design, ids: impl Iterator<Item = &'a NodeId>) -> Result<(), EditError> {
    let known = BTreeSet::from_iter(design.nodes.iter().map(|node| node.id));
    for id in ids {
        if !known.contains(id) {
            return Err(EditError::NoNode(*id));
        }
    }
    Ok(())
}

fn check_length(text: &str, expected: usize) -> Result<(), EditError> {
    let got = text.chars().count();
    if got > expected {
        Err(EditError::TooLong { expected, got })
    } else {
        Ok(())
    }
}

fn check_coordinates(values: &[f32]) -> Result<(), EditError> {
    if values.iter().all(|value| value.abs() <= MAX_COORDINATE) {
        Ok(())
    } else {
        Err(EditError::Coordinate)
    }
}

fn check_note(note: &Note) -> Result<(), EditError> {
    check_length(&note.text, MAX_NOTE_CHARS)?;
    check_coordinates(&note.position)?;
    check_coordinates(&note.size)?;
    if note.size.iter().all(|side| *side > 0.0) {
        Ok(())
    } else {
        Err(EditError::Coordinate)
    }
}

fn check_tie(design: &Design, tie: &Tie) -> Result<(), EditError> {
    let a = design.node(tie.a).ok_or(EditError::NoNode(tie.a))?;
    let b = design.node(tie.b).ok_or(EditError::NoNode(tie.b))?;
    let alike = a.layer.key() == b.layer.key() && tie.a != tie.b;
    if alike && tie.strength >= 0.0 && tie.strength.is_finite() {
        Ok(())
    } else {
        Err(EditError::Tie {
            a: a.name.clone(),
            b: b.name.clone(),
        })
    }
}
