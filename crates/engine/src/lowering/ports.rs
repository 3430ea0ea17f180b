//! Handles (ports) of a layer: name, kind of value, and number of wires.

use super::Shape;
use mtl_base::text::Text;

/// How many wires an input handle takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arity {
    /// Exactly one.
    One,
    /// One or more; their order is the order of the wires' ids.
    Many,
}

/// Kind of value at a handle. It determines the handle's colour, and which wires are refused while they are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PortKind {
    /// Token ids.
    Tokens,
    /// One id.
    Id,
    /// Token ids or one id, as an embedding takes.
    Ids,
    /// Steps of real numbers.
    Sequence,
    /// Real numbers.
    Vector,
    /// A vector or a sequence.
    Any,
}

impl PortKind {
    /// Display name.
    pub const fn label(self) -> Text {
        match self {
            Self::Tokens => Text::new("tokens", "词元"),
            Self::Id => Text::new("an ID", "ID"),
            Self::Ids => Text::new("tokens or an ID", "词元或 ID"),
            Self::Sequence => Text::new("a sequence", "序列"),
            Self::Vector => Text::new("a vector", "向量"),
            Self::Any => Text::new("a vector or a sequence", "向量或序列"),
        }
    }

    /// Whether an input handle of this kind takes a value of `shape`.
    pub const fn accepts(self, shape: Shape) -> bool {
        matches!(
            (self, shape),
            (Self::Tokens | Self::Ids, Shape::Tokens { .. })
                | (Self::Id | Self::Ids, Shape::Id { .. })
                | (Self::Sequence | Self::Any, Shape::Sequence { .. })
                | (Self::Vector | Self::Any, Shape::Vector { .. })
        )
    }

    /// Whether a wire from an output of kind `from` may be valid; checked while a wire is being drawn, before shapes are known.
    pub const fn may_take(self, from: Self) -> bool {
        matches!(
            (self, from),
            (Self::Tokens, Self::Tokens | Self::Ids)
                | (Self::Id, Self::Id | Self::Ids)
                | (Self::Ids, Self::Tokens | Self::Id | Self::Ids)
                | (Self::Sequence, Self::Sequence | Self::Any)
                | (Self::Vector, Self::Vector | Self::Any)
                | (Self::Any, Self::Sequence | Self::Vector | Self::Any)
        )
    }
}

/// An input handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputPort {
    /// Display name.
    pub name: Text,
    /// Kind of value that it takes.
    pub kind: PortKind,
    /// Number of wires that it takes.
    pub arity: Arity,
}

/// An output handle; any number of wires may leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputPort {
    /// Display name.
    pub name: Text,
    /// Kind of value that it gives.
    pub kind: PortKind,
}

impl InputPort {
    /// A handle for exactly one wire.
    pub const fn one(en: &'static str, zh: &'static str, kind: PortKind) -> Self {
        Self {
            name: Text::new(en, zh),
            kind,
            arity: Arity::One,
        }
    }

    /// A handle for one or more wires.
    pub const fn many(en: &'static str, zh: &'static str, kind: PortKind) -> Self {
        Self {
            name: Text::new(en, zh),
            kind,
            arity: Arity::Many,
        }
    }
}

impl OutputPort {
    /// An output handle.
    pub const fn new(en: &'static str, zh: &'static str, kind: PortKind) -> Self {
        Self {
            name: Text::new(en, zh),
            kind,
        }
    }
}

/// No handle on this side.
pub const NO_INPUTS: &[InputPort] = &[];
/// No handle on this side.
pub const NO_OUTPUTS: &[OutputPort] = &[];
/// One handle for a vector or a sequence.
pub const ANY_INPUT: &[InputPort] = &[InputPort::one("input", "输入", PortKind::Any)];
/// One handle for a sequence.
pub const SEQUENCE_INPUT: &[InputPort] = &[InputPort::one("sequence", "序列", PortKind::Sequence)];
/// One handle for a vector.
pub const VECTOR_INPUT: &[InputPort] = &[InputPort::one("vector", "向量", PortKind::Vector)];
/// One handle for several vectors or sequences.
pub const ANY_INPUTS: &[InputPort] = &[InputPort::many("inputs", "输入", PortKind::Any)];
/// One handle that gives a vector or a sequence.
pub const ANY_OUTPUT: &[OutputPort] = &[OutputPort::new("output", "输出", PortKind::Any)];
/// One handle that gives a vector.
pub const VECTOR_OUTPUT: &[OutputPort] = &[OutputPort::new("vector", "向量", PortKind::Vector)];
/// One handle that gives a sequence.
pub const SEQUENCE_OUTPUT: &[OutputPort] = &[OutputPort::new("sequence", "序列", PortKind::Sequence)];
