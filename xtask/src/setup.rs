//! Installs missing requirements: the wasm target, and a browser with its driver for the tests.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::command::{find_program, root, run, step};

const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Chromium and the driver of the same version.
pub struct Browser {
    pub chromium: PathBuf,
    pub driver: PathBuf,
}

impl Browser {
    /// Sets the environment variables that programs find them by.
    pub fn name_in(&self, command: &mut Command) {
        command
            .env("MTL_CHROMIUM", &self.chromium)
            .env("MTL_CHROMIUM_ARGUMENTS", CHROMIUM_ARGUMENTS.join(" "))
            .env("MTL_CHROMEDRIVER", &self.driver);
    }
}

/// Arguments of every Chromium of this project: without a window, and without network requests of its own. The browser tests
/// read them from their environment.
pub const CHROMIUM_ARGUMENTS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// Ensures that the current toolchain can compile to WebAssembly.
pub fn wasm_target() -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libdir = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .output();
    let libdir = libdir.context("`rustc` could not be started")?;
    let libdir = PathBuf::from(String::from_utf8_lossy(&libdir.stdout).trim());
    if libdir.is_dir() {
        return Ok(());
    }
    if find_program(&["rustup", "rustup.exe"]).is_none() {
        bail!(
            "this Rust has no `{WASM_TARGET}` target. Install it from where your Rust came \
             (with rustup: `rustup target add {WASM_TARGET}`)"
        );
    }
    step("install the WebAssembly target (rustup)", || {
        run(Command::new("rustup").args(["target", "add", WASM_TARGET]))
    })
}

/// Finds a browser and its driver; installs them where that needs no confirmation.
pub fn browser() -> Result<Browser> {
    if let Some(browser) = find_browser() {
        return Ok(browser);
    }
    install(
        "Chromium and chromedriver of the same version",
        &["chromium", "chromium-driver"],
    )?;
    find_browser().context("Chromium was installed but is not on the PATH")
}

/// Ensures that there is a Vulkan driver for the native tests of the GPU backend: Mesa's emulates a GPU on the processor. Without
/// one, these tests print that they compared nothing.
pub fn vulkan() {
    let has_driver = |folder: &str| {
        std::fs::read_dir(folder)
            .is_ok_and(|mut files| files.any(|file| file.is_ok_and(|file| is_driver(&file.path()))))
    };
    if cfg!(target_os = "linux")
        && !["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
            .into_iter()
            .any(has_driver)
    {
        let installed = install("a Vulkan driver for the tests on a GPU", &["mesa-vulkan-drivers"]);
        if let Err(error) = installed {
            eprintln!("{error:#}\nGoing on without it: the native tests on a GPU are skipped.");
        }
    }
}

fn is_driver(file: &std::path::Path) -> bool {
    file.extension().is_some_and(|extension| extension == "json")
}

/// The script of axe-core for the accessibility tests, installed by npm at the version in the lock file of `tests/browser`.
pub fn axe() -> Result<PathBuf> {
    let folder = root().join("tests/browser");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    // npm stores a copy of the lock file's entries beside the installed packages.
    let entry = |file: &str| -> Option<serde_json::Value> {
        let text = std::fs::read_to_string(folder.join(file)).ok()?;
        let lock: serde_json::Value = serde_json::from_str(&text).ok()?;
        Some(lock["packages"]["node_modules/axe-core"]["version"].clone())
    };
    let pinned = entry("package-lock.json");
    if script.is_file() && pinned.is_some() && entry("node_modules/.package-lock.json") == pinned {
        return Ok(script);
    }
    if find_program(&["npm", "npm.cmd"]).is_none() {
        install("npm, which brings axe-core for the accessibility tests", &["npm"])?;
    }
    let npm = find_program(&["npm", "npm.cmd"]).context("npm was installed but is not on the PATH")?;
    step("bring axe-core (npm ci)", || {
        run(Command::new(npm)
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"])
            .current_dir(&folder))
    })?;
    Ok(script)
}

/// Installs system packages where that needs no confirmation, else prints the command to type.
fn install(what: &str, packages: &[&str]) -> Result<()> {
    let by_hand = format!("sudo apt-get install --yes {}", packages.join(" "));
    if find_program(&["apt-get"]).is_none() {
        bail!("the tests need {what} (on Debian: `{by_hand}`)");
    }
    let sudo: &[&str] = if is_root() {
        &[]
    } else if can_sudo() {
        &["sudo", "--non-interactive"]
    } else {
        bail!("the tests need {what}. Type: {by_hand}");
    };
    let apt = |args: &[&str]| {
        let words = [sudo, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], args].concat();
        run(Command::new(words[0]).args(&words[1..]))
    };
    step(&format!("install {what} (apt-get)"), || {
        // The package list of a new machine is empty or outdated, and the first call can fail.
        if let Err(error) = apt(&["update"]) {
            eprintln!("  {error:#}");
        }
        apt(&[&["install", "--yes", "--no-install-recommends"], packages].concat())
    })
    .with_context(|| format!("type it yourself: {by_hand}"))
}

fn find_browser() -> Option<Browser> {
    let chromium = std::env::var_os("CHROME").map(PathBuf::from).or_else(|| {
        find_program(&[
            "chromium",
            "chromium-browser",
            "google-chrome-stable",
            "google-chrome",
            "chrome",
        ])
    })?;
    let driver = std::env::var_os("CHROMEDRIVER")
        .map(PathBuf::from)
        .or_else(|| find_program(&["chromedriver"]))?;
    Some(Browser { chromium, driver })
}

fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

fn can_sudo() -> bool {
    find_program(&["sudo"]).is_some() && output_of(Command::new("sudo").args(["-n", "true"])).is_some()
}

fn output_of(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
