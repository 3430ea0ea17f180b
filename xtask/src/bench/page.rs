//! Response times of the page, measured by a program that drives it in Chromium like the browser tests.

use anyhow::{Result, bail};

use crate::command::{cargo, line_of, target_dir};
use crate::{bundle, server, setup};

/// Builds the page for release, serves it, and prints the table of `tests/browser/src/bin/page_bench.rs`.
pub fn run() -> Result<()> {
    let browser = setup::browser()?;
    let dist = target_dir().join("xtask/page-bench");
    bundle::build(&bundle::Options {
        out: dist.clone(),
        compress: false,
        baseline_only: false,
        quick: false,
    })?;
    let address = server::serve_in_background(server::bind(0)?, &dist, server::Options::default())?;
    let mut command = cargo();
    command
        .args([
            "run",
            "--quiet",
            "--package",
            "browser-tests",
            "--features",
            "browser",
            "--bin",
            "page-bench",
        ])
        .env("MTL_PLAYGROUND_URL", format!("http://{address}/"));
    browser.name_in(&mut command);
    let status = command.status()?;
    if !status.success() {
        bail!("`{}` failed ({status})", line_of(&command));
    }
    Ok(())
}
