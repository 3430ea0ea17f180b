//! Faults that are injected, and what the reader then sees and still has.
//!
//! `cargo xtask test --only faults` runs these and the native tests whose names begin with `faults`.

mod files;
mod frozen;
mod let_in;
mod numbers;
