//! The messages between page and tools worker: the JSON of a [`Request`] is answered by that of a `Result<Reply, ToolError>`. Ids of
//! requests travel beside the JSON.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Page to worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Packs the project file in payload 0 into the text of a link: see [`link`](crate::link).
    PackLink,
    /// Unpacks the text of a link.
    UnpackLink {
        /// What stands behind `project=`.
        text: String,
    },
}

/// The reply to a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// To [`Request::PackLink`].
    LinkPacked {
        /// What stands behind `project=`.
        text: String,
    },
    /// To [`Request::UnpackLink`]; the project file is payload 0.
    LinkUnpacked,
}

/// Why a request could not be met.
#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolError {
    /// A project that does not fit into a link, or a text that no link has.
    #[error("the link has {chars} characters; at most {limit} are written and read")]
    LinkTooLong {
        /// Characters of the text.
        chars: usize,
        /// The ceiling.
        limit: usize,
    },
    /// A link that was cut or changed.
    #[error("the text of the link is damaged")]
    LinkDamaged,
    /// A link of another version of the format.
    #[error("the link has version {got}; expected {expected}")]
    LinkVersion {
        /// The link's.
        got: String,
        /// The one that is read.
        expected: String,
    },
    /// A request without the bytes that it is about.
    #[error("the request has no payload")]
    MissingPayload,
}
