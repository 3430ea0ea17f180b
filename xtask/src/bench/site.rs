//! Builds and downloads that precede a measurement: the page's module, TensorFlow.js, burn, the native program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::contender::TFJS_VERSION;
use crate::bundle::{self, files_under};
use crate::command::{cargo, find_program, line_of, root, run, step, target_dir};

/// The folder that is served to the browser.
pub struct Site {
    pub dir: PathBuf,
    /// Path within `dir` of the JavaScript side of both builds of the module of `modules/bench`, and of these.
    pub glue: String,
    pub baseline: String,
    pub relaxed: String,
}

/// Files of TensorFlow.js, under `node_modules/@tensorflow`.
const TFJS_FILES: [&str; 6] = [
    "tfjs/dist/tf.min.js",
    "tfjs-backend-wasm/dist/tf-backend-wasm.min.js",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm",
    "tfjs-backend-webgpu/dist/tf-backend-webgpu.min.js",
];

/// Builds the module of `modules/bench`, and puts the bench page beside it.
pub fn site(tfjs: Option<&Path>, with_burn: bool) -> Result<Site> {
    let dir = target_dir().join("xtask/bench");
    let [baseline, relaxed] = ["engine", "engine-relaxed"];
    for (build, folder) in [
        (bundle::Build::Baseline, baseline),
        (bundle::Build::Relaxed, relaxed),
    ] {
        bundle::build_module("mtl-bench-module", build, &dir.join(folder))?;
    }
    let beside = dir.join("bench");
    fs::create_dir_all(&beside)?;
    let page = root().join("xtask/bench/page");
    let mut files: Vec<PathBuf> = files_under(&page)?;
    if let Some(tfjs) = tfjs {
        files.extend(TFJS_FILES.iter().map(|file| tfjs.join(file)));
    }
    for file in files {
        let name = file.file_name().context("a file has a name")?;
        fs::copy(&file, beside.join(name)).with_context(|| format!("copying {}", file.display()))?;
    }
    if with_burn {
        let manifest = root().join("xtask/bench/burn/Cargo.toml");
        bundle::build_foreign_module(&manifest, "mtl-bench-burn", &beside.join("burn"))
            .context("burn could not be built; `cargo xtask bench --no-burn` measures without it")?;
    }
    Ok(Site {
        dir,
        glue: format!("{baseline}/app.js"),
        baseline: format!("{baseline}/app.wasm"),
        relaxed: format!("{relaxed}/app.wasm"),
    })
}

/// Installs TensorFlow.js at the version in the lock file and returns its folder.
pub fn tfjs() -> Result<PathBuf> {
    let folder = root().join("xtask/bench");
    let packages = folder.join("node_modules/@tensorflow");
    let installed = fs::read_to_string(packages.join("tfjs/package.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if installed.is_some_and(|package| package["version"] == TFJS_VERSION)
        && TFJS_FILES.iter().all(|file| packages.join(file).is_file())
    {
        return Ok(packages);
    }
    let Some(npm) = find_program(&["npm", "npm.cmd"]) else {
        bail!(
            "TensorFlow.js comes through npm, which is not on the PATH: install Node.js 18 or later with npm (on Debian: \
             `sudo apt-get install --yes nodejs npm`), or measure without it: `cargo xtask bench --no-tfjs`"
        );
    };
    step("bring TensorFlow.js (npm ci)", || {
        run(Command::new(npm)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(&folder))
    })
    .context(
        "npm could not bring TensorFlow.js; it needs a network or a filled cache. `cargo xtask bench --no-tfjs` measures without it",
    )?;
    Ok(packages)
}

/// Builds the native program.
pub fn native_program() -> Result<PathBuf> {
    step("compile the engine natively", || {
        run(cargo().args(["build", "--quiet", "--release", "--package", "xtask-bench"]))
    })?;
    Ok(target_dir()
        .join("release")
        .join(format!("xtask-bench{}", std::env::consts::EXE_SUFFIX)))
}

/// The workloads that the native program reads, with every setting written out.
pub fn workloads(program: &Path, file: Option<&Path>) -> Result<Vec<Value>> {
    let mut command = Command::new(program);
    command.arg("list").args(file);
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{}` could not be started", line_of(&command)))?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
