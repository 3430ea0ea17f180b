//! Shape of one example's value; the batch axis is implicit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Shape of what a wire carries, for one example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shape {
    /// `length` token ids below `cardinality`; 0 is padding.
    Tokens {
        /// Tokens per example.
        length: usize,
        /// Number of ids.
        cardinality: usize,
    },
    /// One id below `cardinality`.
    Id {
        /// Number of ids.
        cardinality: usize,
    },
    /// `length` steps of `width` real numbers.
    Sequence {
        /// Steps per example.
        length: usize,
        /// Numbers per step.
        width: usize,
    },
    /// `width` real numbers.
    Vector {
        /// Numbers per example.
        width: usize,
    },
}

impl Shape {
    /// Numbers (or ids) per example.
    pub const fn size(self) -> usize {
        match self {
            Self::Tokens { length, .. } => length,
            Self::Id { .. } => 1,
            Self::Sequence { length, width } => length.saturating_mul(width),
            Self::Vector { width } => width,
        }
    }

    /// Steps per example: 1 for what is not a sequence.
    pub const fn steps(self) -> usize {
        match self {
            Self::Tokens { length, .. } | Self::Sequence { length, .. } => length,
            Self::Id { .. } | Self::Vector { .. } => 1,
        }
    }

    /// Numbers per step.
    pub const fn width(self) -> usize {
        match self {
            Self::Tokens { .. } | Self::Id { .. } => 1,
            Self::Sequence { width, .. } | Self::Vector { width } => width,
        }
    }

    /// The same steps with another width.
    pub const fn with_width(self, width: usize) -> Self {
        match self {
            Self::Tokens { length, .. } | Self::Sequence { length, .. } => Self::Sequence { length, width },
            Self::Id { .. } | Self::Vector { .. } => Self::Vector { width },
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tokens { length, cardinality } => write!(f, "{length} × ID ({cardinality})"),
            Self::Id { cardinality } => write!(f, "ID ({cardinality})"),
            Self::Sequence { length, width } => write!(f, "{length} × {width}"),
            Self::Vector { width } => write!(f, "{width}"),
        }
    }
}
