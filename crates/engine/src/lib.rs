//! Designs of multi-task networks, and what runs them.
//!
//! A [`design::Design`] is plain data (nodes and wires); it is checked against a [`schema::Schema`], lowered to a
//! straight-line plan of ops over one arena of `f32`, and run by a backend. See `docs/ARCHITECTURE.md`.

pub mod backend;
pub mod clipping;
pub mod design;
pub mod initializers;
pub mod kernels;
pub mod layers;
pub mod losses;
pub mod metrics;
pub mod model;
pub mod ops;
pub mod optimizers;
pub mod ordered;
pub mod parts;
pub mod plan;
pub mod random;
pub mod schedules;
pub mod schema;
pub mod settings;
pub mod text;
