//! `cargo xtask bench`: how fast the engine trains on this machine.

use std::ffi::OsString;

use anyhow::{Result, bail};

pub fn run(_args: Vec<OsString>) -> Result<()> {
    bail!("there is nothing to measure yet: the engine comes first")
}
