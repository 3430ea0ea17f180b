//! A design: nodes and wires, as plain data. The canvas edits it, files store it, and runs train it.
//!
//! A half-drawn design is a normal state: checking it returns shapes and a list of problems, never an error.

mod alone;
pub mod check;
pub mod compose;
mod describe;
pub mod edit;
pub mod fixes;
pub mod graph;
pub mod history;
pub mod layout;
pub mod presets;
pub mod problems;
pub mod refusal;
pub mod report;

use std::collections::BTreeSet;

use mtl_base::NodeId;
use serde::{Deserialize, Serialize};

use crate::layers::Layer;

/// Newest version of the design format.
pub const DESIGN_VERSION: u32 = 1;

/// Id of a wire, unique within its design.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WireId(pub u32);

/// A network: the graph of layers that the user draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Design {
    /// Version of the format.
    pub version: u32,
    /// Name of the document.
    pub name: String,
    /// Layers, inputs and heads; the order of the heads is the order of the tasks.
    pub nodes: Vec<Node>,
    /// Connections.
    pub wires: Vec<Wire>,
    /// Named blocks of nodes (folded or not); without effect on the mathematics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<Block>,
    /// Comments on the canvas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Soft sharing: pairs of layers whose parameters are pulled together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<Tie>,
}

/// One layer on the canvas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Unique in the design.
    pub id: NodeId,
    /// Display name; on a head the name of the task. Unique in a design that trains.
    pub name: String,
    /// Layer type with its settings.
    pub layer: Layer,
    /// Top left corner on the canvas, in pixels; `None` until laid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<[f32; 2]>,
    /// Whether its parameters are frozen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
}

/// A connection from an output handle to an input handle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// Unique in the design.
    pub id: WireId,
    /// Where it starts.
    pub from: Port,
    /// Where it ends. A handle that takes many wires takes them in order of their ids.
    pub to: Port,
}

/// A handle: a node and the index among its outputs (or inputs).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    /// The node.
    pub node: NodeId,
    /// Index of the handle.
    #[serde(default)]
    pub handle: usize,
}

/// A named group of nodes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Display name.
    pub name: String,
    /// Members.
    pub nodes: BTreeSet<NodeId>,
    /// Whether it is folded: drawn as one box.
    #[serde(default)]
    pub folded: bool,
}

/// A comment on the canvas.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// Unique among the notes.
    pub id: u32,
    /// Text.
    pub text: String,
    /// Top left corner.
    pub position: [f32; 2],
    /// Width and height.
    pub size: [f32; 2],
}

/// Soft sharing: adds `strength * sum (a - b)^2` over the parameters of two equal layers to the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tie {
    /// One layer.
    pub a: NodeId,
    /// The other layer.
    pub b: NodeId,
    /// Factor of the penalty.
    pub strength: f32,
}

impl Default for Design {
    fn default() -> Self {
        Self {
            version: DESIGN_VERSION,
            name: String::new(),
            nodes: Vec::new(),
            wires: Vec::new(),
            blocks: Vec::new(),
            notes: Vec::new(),
            ties: Vec::new(),
        }
    }
}

impl Design {
    /// An empty design with a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The node named `id`.
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The node named `id`, to change.
    pub fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.iter_mut().find(|node| node.id == id)
    }

    /// Adds a layer and returns its id.
    pub fn add(&mut self, name: impl Into<String>, layer: impl Into<Layer>) -> NodeId {
        let id = NodeId(self.nodes.iter().map(|node| node.id.0 + 1).max().unwrap_or(0));
        self.nodes.push(Node {
            id,
            name: name.into(),
            layer: layer.into(),
            position: None,
            frozen: false,
        });
        id
    }

    /// Connects the first output of `from` with input handle `handle` of `to`.
    pub fn connect(&mut self, from: NodeId, to: NodeId, handle: usize) -> WireId {
        let id = WireId(self.wires.iter().map(|wire| wire.id.0 + 1).max().unwrap_or(0));
        self.wires.push(Wire {
            id,
            from: Port {
                node: from,
                handle: 0,
            },
            to: Port { node: to, handle },
        });
        id
    }

    /// The heads, in the order of the tasks.
    pub fn heads(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|node| node.layer.is_head())
    }
}
