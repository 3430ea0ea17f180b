//! Identities that several crates speak of.

use serde::{Deserialize, Serialize};

/// Names the node of a design that something came from; never reused within a sitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);
