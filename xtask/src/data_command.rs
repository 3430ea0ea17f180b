//! `cargo xtask data`: runs the package `xtask-data`, which reads the formats of the data sets.
//!
//! Its dependencies (parquet above all) take longer to compile than everything else here, and `serve` does not need them.

use std::ffi::OsString;

use anyhow::Result;

use crate::command::{cargo, run as run_command};

pub fn run(args: Vec<OsString>) -> Result<()> {
    run_command(cargo().args(["run", "--package", "xtask-data", "--"]).args(args))
}
