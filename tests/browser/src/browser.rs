//! Starting and terminating Chromium.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use thirtyfour::{
    ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, TimeoutConfiguration, WebDriver,
};

use crate::Page;

/// Configuration of the browser.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The browser's language (`en-US`, `zh-CN`).
    pub language: &'static str,
    /// Width and height of the page in CSS pixels.
    pub size: (u32, u32),
    /// WebGPU on SwiftShader, Chromium's software adapter. Without it the page finds no adapter.
    pub webgpu: bool,
    /// Whether Chromium logs all requests; see [`Page::requests`].
    pub notes_requests: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            language: "en-US",
            size: (1280, 800),
            webgpu: false,
            notes_requests: false,
        }
    }
}

impl Setup {
    /// A browser with Chinese as its language.
    pub fn chinese() -> Self {
        Self {
            language: "zh-CN",
            ..Self::default()
        }
    }
}

/// Runs one test in a browser of its own. `name` is a file name: a failure leaves `FAILED-name.png`.
///
/// # Panics
/// When the test fails, the console is not clean or the browser cannot be started.
pub fn check(name: &str, setup: Setup, test: impl AsyncFnOnce(&Page) -> Result<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let page = runtime
        .block_on(start(name, setup))
        .unwrap_or_else(|error| panic!("{name}: {error:#}"));
    // The browser must be terminated even if the test panics.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            test(&page).await?;
            page.check_console().await
        })
    }));
    if !matches!(outcome, Ok(Ok(()))) {
        let picture = runtime.block_on(page.screenshot(&format!("FAILED-{name}")));
        let console = runtime.block_on(page.console());
        eprintln!("{name} failed; screenshot: {picture:?}; console:");
        for line in console.unwrap_or_default() {
            eprintln!("  {line}");
        }
    }
    runtime.block_on(page.close());
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => panic!("{name}: {error:#}"),
        Err(panic) => resume_unwind(panic),
    }
}

/// The target folder of the workspace, for the output of the tests.
pub(crate) fn target_dir() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir))
}

/// A running driver, which is terminated on drop.
pub(crate) struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        // These fail only if it has already exited.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn start(name: &str, setup: Setup) -> Result<Page> {
    let base = std::env::var("MTL_PLAYGROUND_URL")
        .context("MTL_PLAYGROUND_URL is not set: run these tests with `cargo xtask test --only browser`")?;
    let scratch = target_dir()
        .join("browser")
        .join(format!("{name}-{}", std::process::id()));
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    let downloads = scratch.join("downloads");
    fs::create_dir_all(&downloads)?;
    let scratch = scratch.canonicalize()?;
    let downloads = downloads.canonicalize()?;

    let (process, port) = start_driver()?;
    let mut capabilities = DesiredCapabilities::chrome();
    if let Some(binary) = std::env::var_os("MTL_CHROMIUM") {
        capabilities.set_binary(&binary.to_string_lossy())?;
    }
    let (width, height) = setup.size;
    let profile = format!("--user-data-dir={}", scratch.join("profile").display());
    let size = format!("--window-size={width},{height}");
    let language = format!("--accept-lang={}", setup.language);
    let common = std::env::var("MTL_CHROMIUM_ARGUMENTS").unwrap_or_default();
    let mut arguments: Vec<&str> = common.split_whitespace().collect();
    arguments.extend([
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        &profile,
        &size,
        &language,
    ]);
    if setup.webgpu {
        arguments.extend(["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"]);
    }
    let net_log = format!("--log-net-log={}", scratch.join("net-log.json").display());
    if setup.notes_requests {
        arguments.push(&net_log);
    }
    for argument in arguments {
        capabilities.add_arg(argument)?;
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All)?;
    let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities)
        .await
        .context("Chromium could not be started")?;
    driver
        .update_timeouts(TimeoutConfiguration::new(
            Some(Duration::from_secs(120)),
            Some(Duration::from_secs(60)),
            None,
        ))
        .await?;
    let page = Page {
        driver,
        base,
        scratch,
        downloads,
        expected_console: RefCell::default(),
        _process: process,
    };
    page.cdp(
        "Browser.setDownloadBehavior",
        serde_json::json!({ "behavior": "allow", "downloadPath": page.downloads }),
    )
    .await?;
    page.resize(width, height).await?;
    Ok(page)
}

/// Starts chromedriver on a free port and returns the port.
fn start_driver() -> Result<(Driver, u16)> {
    let program = std::env::var_os("MTL_CHROMEDRIVER").unwrap_or_else(|| "chromedriver".into());
    let mut child = Command::new(&program)
        .arg("--port=0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("{} could not be started", program.display()))?;
    let stdout = child.stdout.take().context("chromedriver says nothing")?;
    let process = Driver(child);
    let mut lines = BufReader::new(stdout).lines();
    for line in &mut lines {
        let line = line?;
        let port = line
            .rsplit_once("successfully on port ")
            .and_then(|(_, port)| port.trim_end_matches('.').parse().ok());
        if let Some(port) = port {
            // The output must be read, since the driver would block on a full pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return Ok((process, port));
        }
    }
    bail!("{} did not say its port", program.display())
}
