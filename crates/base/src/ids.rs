//! Identifiers that several crates use.

use serde::{Deserialize, Serialize};

/// Id of a node of a design; never reused within a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);
