//! Designs of multi-task networks, and what runs them.
//!
//! A [`design::Design`] is plain data (nodes and wires); it is checked against a [`schema::Schema`], lowered to a
//! straight-line plan of ops over one arena of `f32`, and run by a backend. See `docs/ARCHITECTURE.md`.

pub mod backend;
pub mod design;
pub mod layers;
pub mod metrics;
pub mod model;
pub mod plan;
pub mod schedules;

pub use mtl_compute::{
    choice, clipping, initializers, kernels, losses, ops, optimizers, ordered, parts, penalty, random,
    schema, settings, text,
};
