//! The training run, and what the page and the worker say to each other.
//!
//! ```text
//! Command ──> Session ──> Event            one thread, no clock of its own, no output but events
//!                │ slice(clock, budget)    trains or evaluates batch by batch until the budget is used up
//!                └─ run: model + state of its training + order of the rows
//! ```
//! A [`Session`] owns a prepared data set, a design and at most one run. Commands change it at once; the work itself is
//! done in slices, so that a command never waits longer than a slice. Everything that is drawn comes from the seed
//! of the run, nothing from the time or the length of the slices: equal seeds and settings give equal bits, natively
//! and in a browser ([`Session::fingerprint`]).
//!
//! Ceilings: see [`settings`]. Whatever fails leaves what was there as it was, and says what, where, expected and got
//! in both languages ([`RunError`]).

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

pub mod benchmark;
mod comparison;
mod conflict;
mod error;
mod evaluation;
pub mod findings;
mod inspection;
#[cfg(test)]
mod languages;
mod order;
mod prediction;
mod profile;
pub mod protocol;
pub mod recommended;
mod run;
mod session;
pub mod settings;
mod snapshot;
pub mod step;
mod stopping;
mod throughput;
#[cfg(feature = "gpu")]
mod webgpu;

pub use error::RunError;
pub use run::TrainingRun;
pub use session::{Outgoing, Session};
pub use stopping::Stopping;
