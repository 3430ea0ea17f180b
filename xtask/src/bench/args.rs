//! Command-line arguments of `cargo xtask bench`.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use lexopt::Arg;

pub const USAGE: &str = "\
Usage: cargo xtask bench [OPTIONS]

Builds the page's module, starts Chromium, and trains six workloads (W1 to W6, see docs/benchmarks.md) in turns with the
engine in the page's module, the engine natively, and TensorFlow.js as a user writes it and as an expert would. Same rows,
same initial weights; the first losses are compared. Prints steps per second, ratios, spread and the share of the peak,
and writes them into docs/benchmarks.md. Needs Chromium with chromedriver, and Node.js with npm for TensorFlow.js.

  --page             measure the page instead: interactive, Play to first step, Pause to standstill, long tasks while it
                     trains, frames of a large design; each also as a multiple of a fixed loop of the same minute
  --quick            fewer and shorter blocks: under two minutes, builds not counted
  --backend B        cpu, webgpu or all (default: all)
  --only NAMES       these workloads only, separated by commas (W1,W4)
  --workloads FILE   train the designs of FILE instead: a JSON list of {name, design, batch_size, ...}, where a design is
                     one that the page saved, in place or as a file name; see docs/benchmarks.md for the other members
  --json FILE        also write a row per contender: {workload, engine, backend, build, steps_per_s, spread,
                     first_step_ms, peak_share, losses}
  --no-tfjs          without TensorFlow.js, and so without npm
  --burn, --no-burn  with or without burn, a library in Rust, on its ndarray backend (default: with it, but not in --quick);
                     it takes minutes to compile the first time
  --no-docs          leave docs/benchmarks.md as it is
";

/// Backends of the engine to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    Cpu,
    WebGpu,
    All,
}

impl Backend {
    pub fn has_cpu(self) -> bool {
        self != Self::WebGpu
    }

    pub fn has_webgpu(self) -> bool {
        self != Self::Cpu
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    pub page: bool,
    pub quick: bool,
    pub backend: Backend,
    /// Names of the workloads; empty means all.
    pub only: Vec<String>,
    pub workloads: Option<PathBuf>,
    pub json: Option<PathBuf>,
    pub tfjs: bool,
    /// Whether burn takes part, if requested; else it depends on whether the run is quick.
    pub burn: Option<bool>,
    pub docs: bool,
    pub help: bool,
}

impl Args {
    pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let mut parsed = Self {
            page: false,
            quick: false,
            backend: Backend::All,
            only: Vec::new(),
            workloads: None,
            json: None,
            tfjs: true,
            burn: None,
            docs: true,
            help: false,
        };
        let mut parser = lexopt::Parser::from_args(args);
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("page") => parsed.page = true,
                Arg::Long("quick") => parsed.quick = true,
                Arg::Long("backend") => parsed.backend = backend(&parser.value()?.to_string_lossy())?,
                Arg::Long("only") => parsed.only = names(&parser.value()?.to_string_lossy())?,
                Arg::Long("workloads") => parsed.workloads = Some(readable(parser.value()?)?),
                Arg::Long("json") => parsed.json = Some(writable(parser.value()?)?),
                Arg::Long("no-tfjs") => parsed.tfjs = false,
                Arg::Long("burn") => parsed.burn = Some(true),
                Arg::Long("no-burn") => parsed.burn = Some(false),
                Arg::Long("no-docs") => parsed.docs = false,
                Arg::Long("help") | Arg::Short('h') => parsed.help = true,
                other => {
                    return Err(other.unexpected()).context("`cargo xtask bench --help` lists the options");
                }
            }
        }
        Ok(parsed)
    }
}

fn backend(name: &str) -> Result<Backend> {
    Ok(match name {
        "cpu" => Backend::Cpu,
        "webgpu" => Backend::WebGpu,
        "all" => Backend::All,
        other => bail!("there is no backend `{other}`: cpu, webgpu or all"),
    })
}

fn names(list: &str) -> Result<Vec<String>> {
    let names: Vec<String> = list.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        bail!("--only takes names separated by commas, as in --only W1,W4; it got `{list}`");
    }
    Ok(names)
}

/// Checks that a file exists, before minutes of building.
fn readable(path: OsString) -> Result<PathBuf> {
    let path = PathBuf::from(path);
    if !path.is_file() {
        bail!("--workloads: there is no file {}", path.display());
    }
    Ok(path)
}

/// Checks that a file can be written, before anything is measured.
fn writable(path: OsString) -> Result<PathBuf> {
    let path = PathBuf::from(path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        bail!("--json: there is no folder {}", folder.display());
    }
    if path.is_dir() {
        bail!("--json: {} is a folder; name a file", path.display());
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Args> {
        Args::parse(args.iter().map(OsString::from))
    }

    #[test]
    fn nothing_said_is_everything_in_full() {
        let args = parse(&[]).unwrap();
        assert!(!args.quick && args.tfjs && args.docs && !args.help);
        assert!(args.backend.has_cpu() && args.backend.has_webgpu());
        assert_eq!((args.only.len(), args.workloads, args.json), (0, None, None));
    }

    #[test]
    fn options_are_taken() {
        let args = parse(&[
            "--quick",
            "--backend",
            "cpu",
            "--only=W1, W4",
            "--json",
            "rows.json",
            "--no-docs",
        ])
        .unwrap();
        assert!(args.quick && !args.docs && args.backend.has_cpu() && !args.backend.has_webgpu());
        assert_eq!(args.only, ["W1", "W4"]);
        assert_eq!(args.json, Some(PathBuf::from("rows.json")));
        assert_eq!((args.burn, parse(&["--burn"]).unwrap().burn), (None, Some(true)));
        assert_eq!(parse(&["--no-burn"]).unwrap().burn, Some(false));
        assert_eq!(parse(&["--backend=webgpu"]).unwrap().backend, Backend::WebGpu);
        assert!(parse(&["--help"]).unwrap().help && parse(&["-h"]).unwrap().help);
        let this = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        assert_eq!(
            parse(&["--workloads", this]).unwrap().workloads,
            Some(PathBuf::from(this))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |args: &[&str], expected: &str| {
            let error = format!("{:#}", parse(args).unwrap_err());
            assert!(error.contains(expected), "{args:?}: {error}");
        };
        check(
            &["--backend", "gpu"],
            "there is no backend `gpu`: cpu, webgpu or all",
        );
        check(&["--backend"], "--backend");
        check(
            &["--workloads", "/no/such.json"],
            "there is no file /no/such.json",
        );
        check(
            &["--json", "/no/such/folder/rows.json"],
            "there is no folder /no/such/folder",
        );
        check(&["--json", env!("CARGO_MANIFEST_DIR")], "is a folder");
        check(&["--only", "W1,,W2"], "separated by commas");
        check(&["--fast"], "--help");
        check(&["W1"], "W1");
    }
}
