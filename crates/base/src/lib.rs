//! The vocabulary that all crates share: texts in both languages, settings with bounds and labels, the schema of a data
//! set, and ids. Plain data; nothing in here computes.

#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        clippy::disallowed_types,
        reason = "tests compare with the platform's functions"
    )
)]

mod ids;
pub mod json;
pub mod numbers;
pub mod schema;
pub mod settings;
pub mod text;

pub use ids::NodeId;
