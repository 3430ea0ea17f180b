//! Designs of multi-task networks, and what runs them.
//!
//! A [`design::Design`] is plain data (nodes and wires); it is checked against a [`mtl_base::schema::Schema`], lowered to a
//! straight-line plan of ops over one arena of `f32`, and run by a backend. See `docs/ARCHITECTURE.md`.

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

pub mod design;
pub mod layers;
pub mod lowering;
pub mod metrics;
pub mod model;
pub mod schedules;
