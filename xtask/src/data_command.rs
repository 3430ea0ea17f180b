//! `cargo xtask data`: hands over to a build of this program that can read the data sets' formats.
//!
//! Those readers (parquet above all) take longer to compile than everything else here, and `serve` does not
//! need them: they are behind the feature `data`, and the command starts itself again with it.

use std::ffi::OsString;

use anyhow::Result;

use crate::command::{cargo, run as run_command};

pub fn run(args: Vec<OsString>) -> Result<()> {
    run_command(
        cargo()
            .args([
                "run",
                "--quiet",
                "--package",
                "xtask",
                "--features",
                "data",
                "--",
                "data",
            ])
            .args(args),
    )
}
