//! Fault injection: faults, and what the user then sees and keeps.
//!
//! `cargo xtask test --only faults` runs these and the native tests whose names begin with `faults`.

mod files;
mod frozen;
mod kept;
mod let_in;
mod numbers;
