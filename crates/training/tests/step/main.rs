//! The training step: what it computes, and that nothing but the step itself changes a run.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a test compares with the platform's functions and prints what it measures"
)]

mod balance;
mod designs;
mod gradients;
mod presets;
mod state;
