//! Errors of edits, in both languages.

use thiserror::Error;

use super::WireId;
use super::edit::MAX_COORDINATE;
use crate::layers::PortKind;
use mtl_base::NodeId;
use mtl_base::settings::SettingError;
use mtl_base::text::{Explain, Message};

/// Reason why a wire cannot be drawn.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The node or the handle does not exist.
    #[error("there is no such handle")]
    NoHandle,
    /// Both ends are on one node.
    #[error("`{node}` cannot be connected to its own output")]
    OwnOutput {
        /// The node's name.
        node: String,
    },
    /// The wire would close a cycle.
    #[error("this would close a cycle: `{from}` already depends on `{to}`")]
    Cycle {
        /// Name of the node at the start.
        from: String,
        /// Name of the node at the end.
        to: String,
    },
    /// The kinds of the handles differ.
    #[error("`{to}` takes {} here, and `{from}` gives {}", expected.label().en, got.label().en)]
    Kind {
        /// Name of the node at the start.
        from: String,
        /// Name of the node at the end.
        to: String,
        /// Kind of the input.
        expected: PortKind,
        /// Kind of the output.
        got: PortKind,
    },
    /// The input takes one wire and already has one.
    #[error("this input of `{to}` takes one wire and already has one")]
    Taken {
        /// Name of the node at the end.
        to: String,
    },
    /// The same two handles are connected already.
    #[error("`{from}` and `{to}` are already connected here")]
    Duplicate {
        /// Name of the node at the start.
        from: String,
        /// Name of the node at the end.
        to: String,
    },
}

impl Explain for Refusal {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NoHandle => "没有这个端口".to_owned(),
            Self::OwnOutput { node } => format!("“{node}”不能连接到自己的输出"),
            Self::Cycle { from, to } => format!("会形成环：“{from}”已经依赖“{to}”"),
            Self::Kind {
                from,
                to,
                expected,
                got,
            } => {
                let (expected, got) = (expected.label().zh, got.label().zh);
                format!("“{to}”的这个输入需要{expected}，而“{from}”给出{got}")
            }
            Self::Taken { to } => format!("“{to}”的这个输入只能接一条连线，已经接上了"),
            Self::Duplicate { from, to } => format!("“{from}”与“{to}”在这里已经相连"),
        };
        Message::new(self.to_string(), zh)
    }
}

/// Parts of a design whose number is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Countable {
    /// Nodes, which are layers.
    Nodes,
    /// Wires.
    Wires,
    /// Notes.
    Notes,
    /// Ties (soft sharing) between layers.
    Ties,
    /// Blocks.
    Blocks,
}

impl Countable {
    const fn name(self) -> &'static str {
        match self {
            Self::Nodes => "layers",
            Self::Wires => "wires",
            Self::Notes => "notes",
            Self::Ties => "soft sharings",
            Self::Blocks => "blocks",
        }
    }

    const fn name_zh(self) -> &'static str {
        match self {
            Self::Nodes => "层",
            Self::Wires => "连线",
            Self::Notes => "注释",
            Self::Ties => "软共享",
            Self::Blocks => "分组",
        }
    }
}

/// Error of an edit; the design is unchanged.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum EditError {
    /// No node has this ID.
    #[error("there is no node {}", .0.0)]
    NoNode(NodeId),
    /// No wire has this ID.
    #[error("there is no wire {}", .0.0)]
    NoWire(WireId),
    /// Two nodes, wires or notes would have the same ID.
    #[error("the ID {0} is taken")]
    IdTaken(u32),
    /// An id leaves no room for the ids of what is added later.
    #[error("the ID {got} is too large: expected at most {expected}")]
    IdTooLarge {
        /// Greatest id of a design.
        expected: u32,
        /// The id.
        got: u32,
    },
    /// The wire cannot be drawn.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The setting was refused.
    #[error("{node}: {error}")]
    Setting {
        /// The node's name.
        node: String,
        /// The error.
        error: SettingError,
    },
    /// A position or size is not a finite number within the canvas.
    #[error("a position or size is not a number within the canvas: expected at most {MAX_COORDINATE}")]
    Coordinate,
    /// A name or text is too long.
    #[error("the text is too long: expected at most {expected} characters, got {got}")]
    TooLong {
        /// Limit in characters.
        expected: usize,
        /// Number of characters.
        got: usize,
    },
    /// A limit on the number of parts is exceeded.
    #[error("the design has {got} {}, at most {expected} are allowed", what.name())]
    TooMany {
        /// The kind of part.
        what: Countable,
        /// The limit.
        expected: usize,
        /// The resulting number.
        got: usize,
    },
    /// No block has this index, or the block would be empty or share a node with another.
    #[error("there is no such block, or it has no nodes of its own")]
    Block,
    /// No note has this ID.
    #[error("there is no note {0}")]
    NoNote(u32),
    /// The two layers cannot be tied.
    #[error(
        "`{a}` and `{b}` cannot be soft-shared: expected two different layers of the same type and a strength of at least 0"
    )]
    Tie {
        /// One layer's name.
        a: String,
        /// The other's name.
        b: String,
    },
    /// The design was written by a newer version of the page.
    #[error("the design has version {got}, and this page reads up to {expected}")]
    Version {
        /// Newest supported version.
        expected: u32,
        /// Version of the design.
        got: u32,
    },
}

impl Explain for EditError {
    fn explain(&self) -> Message {
        let zh = match self {
            Self::NoNode(id) => format!("没有节点 {}", id.0),
            Self::NoWire(id) => format!("没有连线 {}", id.0),
            Self::IdTaken(id) => format!("ID {id} 已被占用"),
            Self::IdTooLarge { expected, got } => format!("ID {got} 太大：应不超过 {expected}"),
            Self::Refused(refusal) => return refusal.explain(),
            Self::Setting { node, error } => format!("{node}：{}", error.explain().zh),
            Self::Coordinate => format!("位置或大小不是画布内的数：绝对值应不超过 {MAX_COORDINATE}"),
            Self::TooLong { expected, got } => format!("文字太长：最多 {expected} 个字符，得到 {got} 个"),
            Self::TooMany { what, expected, got } => {
                format!("这个设计有 {got} 个{}，最多允许 {expected} 个", what.name_zh())
            }
            Self::Block => "没有这个分组，或它没有自己的节点".to_owned(),
            Self::NoNote(id) => format!("没有注释 {id}"),
            Self::Tie { a, b } => {
                format!("“{a}”与“{b}”不能软共享：需要两个不同的同类层，强度不小于 0")
            }
            Self::Version { expected, got } => {
                format!("这个设计的版本是 {got}，本页面最多能读版本 {expected}")
            }
        };
        Message::new(self.to_string(), zh)
    }
}
