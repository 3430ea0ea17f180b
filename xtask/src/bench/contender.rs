//! The contenders: the engine in the page's module, the engine natively, TensorFlow.js on its backends, burn.

use std::fmt;
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::browser::Browser;
use super::site::Site;
use crate::bundle::Build;

/// Version of TensorFlow.js in `xtask/bench/package.json`.
pub const TFJS_VERSION: &str = "4.22.0";

/// Version of burn in `xtask/bench/burn/Cargo.toml`.
pub const BURN_VERSION: &str = "0.21.0";

/// Reason why a contender returned no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// An error of the contender: an unsupported layer or backend.
    Said(String),
    /// It exceeded the time limit.
    TooSlow(Duration),
    /// It is not running.
    Gone(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(text) | Self::Gone(text) => formatter.write_str(text),
            Self::TooSlow(within) => write!(formatter, "no answer within {:.0} s", within.as_secs_f64()),
        }
    }
}

impl std::error::Error for Refusal {}

/// Name in tables and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Engine {
    /// This project's engine.
    Mtl,
    /// TensorFlow.js with custom gradients in place of its slow or missing ones.
    TfjsExpert,
    /// TensorFlow.js as its documentation shows it: `tf.layers` and `trainOnBatch`.
    TfjsStock,
    /// Burn, a Rust library, used as its documentation shows.
    Burn,
}

impl Engine {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mtl => "mtl",
            Self::TfjsExpert => "tfjs-expert",
            Self::TfjsStock => "tfjs-stock",
            Self::Burn => "burn",
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Mtl => "MTL Playground",
            Self::TfjsExpert => "TF.js expert",
            Self::TfjsStock => "TF.js stock",
            Self::Burn => "burn",
        }
    }
}

/// A contender: library, backend, build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub engine: Engine,
    /// `cpu` or `webgpu` of this project; `wasm`, `cpu`, `webgl` or `webgpu` of TensorFlow.js; `ndarray` of burn.
    pub backend: &'static str,
    /// `wasm-simd128`, `wasm-relaxed-simd`, `native-avx2-fma`, `tfjs-4.22.0`, `burn-0.21.0`.
    pub build: String,
}

impl Key {
    /// TensorFlow.js on one of its backends.
    pub fn tfjs(engine: Engine, backend: &'static str) -> Self {
        Self {
            engine,
            backend,
            build: format!("tfjs-{TFJS_VERSION}"),
        }
    }

    /// Burn on its only backend that needs neither threads nor a GPU.
    pub fn burn() -> Self {
        Self {
            engine: Engine::Burn,
            backend: "ndarray",
            build: format!("burn-{BURN_VERSION}"),
        }
    }

    /// The engine in one of the page's builds.
    pub fn page(backend: &'static str, build: Build) -> Self {
        Self {
            engine: Engine::Mtl,
            backend,
            build: build.name().to_owned(),
        }
    }

    /// The engine in the native program; the name of its peak tells how it was built.
    pub fn native(build: &str) -> Self {
        Self {
            engine: Engine::Mtl,
            backend: "cpu",
            build: build.to_owned(),
        }
    }

    /// Whether its products are fused, where the processor supports it.
    pub fn is_fused(&self) -> bool {
        self.build != Build::Baseline.name()
    }

    pub fn is_native(&self) -> bool {
        self.build.starts_with("native")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.is_native() {
            "natively"
        } else if self.engine == Engine::Mtl && self.backend == "cpu" {
            &self.build
        } else {
            self.backend
        };
        write!(formatter, "{} ({place})", self.engine.name())
    }
}

/// The processes that run the contenders.
pub struct Stage {
    pub browser: Browser,
    pub native: Native,
    pub site: Site,
}

impl Stage {
    /// Sends a command to a contender.
    pub fn ask(&mut self, key: &Key, command: &Value, within: Duration) -> Result<Value, Refusal> {
        if key.is_native() {
            return self.native.ask(command);
        }
        let setup = self.setup(key);
        self.browser.ask(&key.to_string(), &setup, command, within)
    }

    /// Frees the resources of a contender.
    pub fn end(&mut self, key: &Key) {
        if !key.is_native() {
            self.browser.end(&key.to_string());
        }
    }

    fn setup(&self, key: &Key) -> Value {
        let url = |path: &str| self.browser.url(path);
        let module = if key.build == Build::Relaxed.name() {
            &self.site.relaxed
        } else {
            &self.site.baseline
        };
        let mut scripts = vec![url("bench/tf.min.js")];
        match key.backend {
            "wasm" => scripts.push(url("bench/tf-backend-wasm.min.js")),
            "webgpu" => scripts.push(url("bench/tf-backend-webgpu.min.js")),
            _ => {}
        }
        json!({
            "engine": key.engine.key(),
            "backend": key.backend,
            "glue": url(&self.site.glue),
            "module": url(module),
            "tfjs": scripts,
            "wasmPath": url("bench/"),
            "burn": { "glue": url("bench/burn/app.js"), "module": url("bench/burn/app.wasm") },
        })
    }
}

/// The native program, which reads commands; terminated on drop.
pub struct Native {
    process: Child,
    stdin: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Native {
    pub fn start(program: &Path) -> Result<Self> {
        let mut process = Command::new(program)
            .arg("serve")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} could not be started", program.display()))?;
        let stdin = process.stdin.take().context("the native program reads nothing")?;
        let stdout = process.stdout.take().context("the native program says nothing")?;
        Ok(Self {
            process,
            stdin,
            answers: BufReader::new(stdout).lines(),
        })
    }

    fn ask(&mut self, command: &Value) -> Result<Value, Refusal> {
        let gone = || Refusal::Gone("the native program has ended".to_owned());
        writeln!(self.stdin, "{command}").map_err(|_| gone())?;
        let line = self.answers.next().and_then(Result::ok).ok_or_else(gone)?;
        let answer: Value = serde_json::from_str(&line).map_err(|_| gone())?;
        match answer["error"].as_str() {
            Some(error) => Err(Refusal::Said(error.to_owned())),
            None => Ok(answer),
        }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        // It may have exited by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
