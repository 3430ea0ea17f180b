//! `cargo xtask test`: runs all tests and installs their requirements.
//!
//! | part | what |
//! | --- | --- |
//! | `lint` | rustfmt, clippy natively and for the page, rustdoc, all without a warning |
//! | `native` | every unit, integration and documentation test of the workspace |
//! | `wasm` | the arithmetic of the engine in the browser: the same bits as natively; WebGPU there computes what the CPU does |
//! | `browser` | the built page in headless Chromium, driven as a person would |
//! | `faults` | the fault-injection tests among `native` and `browser`: those whose names begin with `faults` |
//!
//! The last line is `N passed, N failed`: tests, and one for each check that is not a test.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::command::{cargo, line_of, root, step, target_dir};
use crate::{bundle, data_command, server, setup};

/// Part of the names of fault-injection tests.
const FAULTS: &str = "faults";
/// Features of the whole workspace. All native parts are compiled with the same ones, so that they share the compiled crates.
const ALL_FEATURES: [&str; 2] = ["--features", "browser-tests/browser"];

/// Path under which the browser tests open the page, since a static host may serve it under any path.
const SUB_PATH: &str = "/some/deep/path";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Lint,
    Native,
    Wasm,
    Browser,
    Faults,
}

impl Part {
    fn from_name(name: &str) -> Result<Self> {
        Ok(match name {
            "lint" => Part::Lint,
            "native" => Part::Native,
            "wasm" => Part::Wasm,
            "browser" => Part::Browser,
            "faults" => Part::Faults,
            other => bail!("there is no part `{other}`: lint, native, wasm, browser, faults"),
        })
    }
}

pub fn run(args: Vec<OsString>) -> Result<()> {
    let (mut parts, mut fetch_data, mut filter, mut built, mut quick) = (Vec::new(), true, None, None, false);
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            lexopt::Arg::Long("only") => parts.push(Part::from_name(&parser.value()?.to_string_lossy())?),
            lexopt::Arg::Long("no-data") => fetch_data = false,
            lexopt::Arg::Long("quick") => quick = true,
            lexopt::Arg::Long("filter") => filter = Some(parser.value()?),
            lexopt::Arg::Long("dist") => built = Some(PathBuf::from(parser.value()?)),
            other => return Err(other.unexpected().into()),
        }
    }
    // Fault-injection tests belong to the other parts: requested alone, only these run.
    if parts == [Part::Faults] {
        filter = filter.or(Some(FAULTS.into()));
        parts = vec![Part::Native, Part::Browser];
    }
    let is_wanted = |part| parts.is_empty() || parts.contains(&part);

    let mut tally = Tally::default();
    let start = Instant::now();
    // Requirements are installed first, so that a missing one is reported at once.
    setup::wasm_target()?;
    if is_wanted(Part::Native) {
        setup::vulkan();
    }
    let browser = if is_wanted(Part::Wasm) || is_wanted(Part::Browser) {
        Some(setup::browser()?)
    } else {
        None
    };
    if fetch_data && is_wanted(Part::Browser) {
        heading("real data sets");
        if let Err(error) = data_command::run(Vec::new()) {
            eprintln!("{error:#}\nGoing on without them: the tests use the generated data sets.");
        }
    }
    if is_wanted(Part::Lint) {
        lint(&mut tally);
    }
    if is_wanted(Part::Native) {
        native(filter.as_deref(), &mut tally);
    }
    if let Some(browser) = &browser {
        let (wasm, page) = (is_wanted(Part::Wasm), is_wanted(Part::Browser));
        if let Err(error) = in_browser(
            browser,
            (wasm, page),
            built.as_deref(),
            filter.as_deref(),
            quick,
            &mut tally,
        ) {
            tally.fail(format!("browser tests: {error:#}"));
        }
    }
    eprintln!("\nall of it took {:.0} s", start.elapsed().as_secs_f64());
    for failure in &tally.failures {
        println!("FAILED: {failure}");
    }
    println!("{} passed, {} failed", tally.n_passed, tally.n_failed);
    if tally.n_failed > 0 {
        std::process::exit(1)
    } else {
        Ok(())
    }
}

fn lint(tally: &mut Tally) {
    tally.command("rustfmt", cargo().args(["fmt", "--all", "--check"]));
    // One pass over all targets, with the features that `native` and `browser` are compiled with: nothing is compiled
    // twice. Tests allow what `crates/clippy.toml` bans themselves, since they compare with it.
    tally.command(
        "clippy",
        cargo()
            .args(["clippy", "--workspace", "--all-targets", "--quiet"])
            .args(ALL_FEATURES)
            .args(["--", "--deny", "warnings"]),
    );
    // The browser tests are compiled and checked only when they are named.
    tally.command(
        "clippy, browser tests",
        cargo()
            .args(["clippy", "--workspace", "--test", "browser", "--quiet"])
            .args(ALL_FEATURES)
            .args(["--", "--deny", "warnings"]),
    );
    tally.command(
        "clippy for the page",
        cargo()
            .args([
                "clippy",
                "--package",
                "mtl-playground",
                "--target",
                "wasm32-unknown-unknown",
                "--quiet",
            ])
            .args(["--", "--deny", "warnings"]),
    );
    tally.command(
        "rustdoc",
        cargo()
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
                "--quiet",
            ])
            .args(ALL_FEATURES)
            .env("RUSTDOCFLAGS", "--deny warnings"),
    );
}

fn native(filter: Option<&OsStr>, tally: &mut Tally) {
    tally.tests(
        "native tests",
        cargo()
            .args(["test", "--workspace", "--no-fail-fast"])
            .args(ALL_FEATURES)
            .arg("--")
            .args(filter),
    );
}

/// Requirements of the browser tests: the built page on a server, and the results of the native program.
fn in_browser(
    browser: &setup::Browser,
    (wants_wasm, wants_page): (bool, bool),
    built: Option<&Path>,
    filter: Option<&OsStr>,
    quick: bool,
    tally: &mut Tally,
) -> Result<()> {
    let digests = target_dir().join("xtask/digests.json");
    let dist = match built {
        Some(built) => built.to_owned(),
        None => {
            heading("the page, built as for a host");
            let dist = target_dir().join("xtask/dist");
            bundle::build(&bundle::Options {
                out: dist.clone(),
                compress: !quick,
                baseline_only: false,
                quick,
            })?;
            dist
        }
    };
    if wants_wasm {
        heading("the module of the wasm tests, and its results natively");
        // Both builds, since reproducible runs must agree between them.
        for (build, beside) in [
            (bundle::Build::Baseline, dist.join("wasm-tests")),
            (bundle::Build::Relaxed, dist.join("wasm-tests/relaxed")),
        ] {
            bundle::build_module("wasm-tests", build, &beside)?;
            for name in ["index.html", "worker.js"] {
                fs::copy(root().join("tests/wasm").join(name), beside.join(name))?;
            }
        }
        let output = step("compute natively", || {
            let mut command = cargo();
            command.args(["run", "--quiet", "--package", "wasm-tests", "--bin", "digests"]);
            let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
            if output.status.success() {
                Ok(output.stdout)
            } else {
                bail!("`{}` failed", line_of(&command))
            }
        })?;
        fs::write(&digests, output)?;
    }
    let options = server::Options {
        also_under: Some(SUB_PATH.to_owned()),
        ..server::Options::default()
    };
    let address = server::serve_in_background(server::bind(0)?, &dist, options)?;
    let mut command = cargo();
    command
        .args(["test", "--workspace", "--test", "browser", "--no-fail-fast"])
        .args(ALL_FEATURES)
        .arg("--")
        // One at a time: some measure time, and each browser uses all cores.
        .args(["--test-threads", "1", "--nocapture"])
        .args(filter)
        // The tests name the failure; a backtrace of the harness adds nothing.
        .env("RUST_BACKTRACE", "0")
        .env("MTL_PLAYGROUND_URL", format!("http://{address}{SUB_PATH}/"))
        .env("MTL_DIGESTS", &digests);
    browser.name_in(&mut command);
    if wants_page {
        match setup::axe() {
            Ok(script) => drop(command.env("MTL_AXE", script)),
            // Tests that need it fail with a message; the others run.
            Err(error) => eprintln!("{error:#}"),
        }
    }
    match (wants_wasm, wants_page) {
        (true, false) => command.arg("wasm::"),
        (false, true) => command.args(["--skip", "wasm::"]),
        _ => &mut command,
    };
    tally.tests("browser tests", &mut command);
    Ok(())
}

fn heading(what: &str) {
    eprintln!("\n== {what}");
}

/// Results of the parts.
#[derive(Default)]
struct Tally {
    n_passed: usize,
    n_failed: usize,
    failures: Vec<String>,
}

impl Tally {
    fn fail(&mut self, what: String) {
        self.n_failed += 1;
        self.failures.push(what);
    }

    /// A command that counts as one test.
    fn command(&mut self, what: &str, command: &mut Command) {
        heading(&format!("{what}: {}", line_of(command)));
        match command.stdin(Stdio::null()).status() {
            Ok(status) if status.success() => self.n_passed += 1,
            Ok(status) => self.fail(format!("{what} ({status}): {}", line_of(command))),
            Err(error) => self.fail(format!("{what}: {error}")),
        }
    }

    /// A `cargo test` whose tests are counted one by one.
    fn tests(&mut self, what: &str, command: &mut Command) {
        heading(&format!("{what}: {}", line_of(command)));
        if let Err(error) = self.count(what, command) {
            self.fail(format!("{what}: {error:#}"));
        }
    }

    fn count(&mut self, what: &str, command: &mut Command) -> Result<()> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("cargo's output is not readable")?;
        let n_failed_before = self.n_failed;
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            println!("{line}");
            if let Some((n_passed, n_failed)) = counts_of(&line) {
                self.n_passed += n_passed;
                self.n_failed += n_failed;
            } else if let Some(name) = line
                .strip_prefix("test ")
                .and_then(|rest| rest.strip_suffix("... FAILED"))
            {
                self.failures.push(format!("{what}: {name}"));
            }
        }
        let status = child.wait()?;
        if !status.success() && self.n_failed == n_failed_before {
            bail!("it ended before its tests did ({status})");
        }
        Ok(())
    }
}

/// Numbers of passed and failed tests in the last line of a test binary.
fn counts_of(line: &str) -> Option<(usize, usize)> {
    let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
    let number_before = |word: &str| -> Option<usize> {
        counts
            .split("; ")
            .find_map(|part| part.strip_suffix(word)?.trim().parse().ok())
    };
    Some((number_before("passed")?, number_before("failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        assert_eq!(counts_of(line), Some((12, 2)));
        assert_eq!(counts_of("test result of the day: ok"), None);
        assert_eq!(counts_of("running 3 tests"), None);
    }
}
