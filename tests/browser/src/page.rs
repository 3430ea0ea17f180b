//! An open page: user actions and queries.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use base64::Engine;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::browser::{Driver, target_dir};

/// Default time limit for a wait, which suits a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A browser with the page in it.
pub struct Page {
    /// The driver, for commands without a method here.
    pub driver: WebDriver,
    /// Address of the page's folder, ending with a slash.
    pub base: String,
    /// Download folder.
    pub downloads: PathBuf,
    pub(crate) scratch: PathBuf,
    pub(crate) expected_console: RefCell<Vec<String>>,
    pub(crate) _process: Driver,
}

impl Page {
    /// Opens the page with `query` (`?lang=zh`, `#...` or nothing) and waits until it has rendered.
    pub async fn open(&self, query: &str) -> Result<()> {
        self.goto(query).await?;
        self.wait_for(
            "the page has started",
            "performance.getEntriesByName('mtl-interactive').length > 0",
        )
        .await
    }

    /// Opens an address under [`Page::base`] and waits for nothing but the document.
    pub async fn goto(&self, path: &str) -> Result<()> {
        let url = format!("{}{path}", self.base);
        self.driver
            .goto(&url)
            .await
            .with_context(|| format!("opening {url}"))
    }

    /// Reloads the page and waits until it has rendered.
    pub async fn reload(&self) -> Result<()> {
        self.driver.refresh().await?;
        self.wait_for(
            "the page has started",
            "performance.getEntriesByName('mtl-interactive').length > 0",
        )
        .await
    }

    /// The value of a JavaScript expression; `await` may be used in it.
    pub async fn eval<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        let parameters = json!({
            "expression": format!("(async () => ({expression}))()"),
            "awaitPromise": true,
            "returnByValue": true,
            "userGesture": true,
        });
        let answer = self.cdp("Runtime.evaluate", parameters).await?;
        if let Some(details) = answer.get("exceptionDetails") {
            let thrown = &details["exception"];
            let text = [&thrown["description"], &thrown["value"], &details["text"]]
                .into_iter()
                .find_map(|text| text.as_str())
                .unwrap_or("an exception");
            bail!("{expression}\n  threw {text}");
        }
        let value = answer["result"].get("value").cloned().unwrap_or(Value::Null);
        let shown = value.to_string();
        serde_json::from_value(value).with_context(|| format!("{expression}\n  gave {shown}"))
    }

    /// Calls `mtlPlayground.METHOD(...arguments)`; a rejection is returned as an error.
    pub async fn api<T: DeserializeOwned>(&self, method: &str, arguments: &[Value]) -> Result<T> {
        let arguments = serde_json::to_string(arguments)?;
        self.eval(&format!("await mtlPlayground.{method}(...{arguments})"))
            .await
    }

    /// Waits until a JavaScript expression is true.
    pub async fn wait_for(&self, what: &str, condition: &str) -> Result<()> {
        self.wait_for_within(PATIENCE, what, condition).await
    }

    /// Waits until a JavaScript expression is true, but not longer than `patience`.
    pub async fn wait_for_within(&self, patience: Duration, what: &str, condition: &str) -> Result<()> {
        let start = Instant::now();
        let condition = format!("Boolean({condition})");
        let mut last_error = None;
        while start.elapsed() < patience {
            // A page that is still loading may lack the objects that the condition uses.
            match self.eval::<bool>(&condition).await {
                Ok(true) => return Ok(()),
                Ok(false) => last_error = None,
                Err(error) => last_error = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let seconds = patience.as_secs();
        match last_error {
            Some(error) => Err(error.context(format!("waited {seconds} s in vain until {what}"))),
            None => bail!("waited {seconds} s in vain until {what}"),
        }
    }

    /// Sleeps.
    pub async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    /// The first element for a CSS selector, once it is there and can be seen.
    pub async fn find(&self, css: &str) -> Result<WebElement> {
        self.driver
            .query(By::Css(css))
            .wait(PATIENCE, Duration::from_millis(50))
            .and_displayed()
            .first()
            .await
            .with_context(|| format!("no visible element for `{css}`"))
    }

    /// Clicks an element as a person does: it must be visible and not covered.
    pub async fn click(&self, css: &str) -> Result<()> {
        let element = self.find(css).await?;
        element.scroll_into_view().await?;
        element.click().await.with_context(|| format!("clicking `{css}`"))
    }

    /// Clicks the button, link or tab with this text or label.
    pub async fn click_named(&self, name: &str) -> Result<()> {
        let quoted = json!(name);
        let marked = format!(
            "(() => {{ \
               const name = {quoted}; \
               const all = [...document.querySelectorAll('button, a, summary, label, [role=tab], [role=button], [role=menuitem], [role=option]')]; \
               const found = all.find((e) => e.checkVisibility() && ((e.innerText ?? '').trim() === name || e.getAttribute('aria-label') === name)); \
               document.querySelectorAll('[data-test-target]').forEach((e) => e.removeAttribute('data-test-target')); \
               found?.setAttribute('data-test-target', ''); \
               return Boolean(found); \
             }})()"
        );
        self.wait_for(&format!("there is something named “{name}” to click"), &marked)
            .await?;
        self.click("[data-test-target]").await
    }

    /// Replaces the text of an input and leaves the input, as the Tab key does.
    pub async fn fill(&self, css: &str, text: &str) -> Result<()> {
        let element = self.find(css).await?;
        element.scroll_into_view().await?;
        element.click().await?;
        element.send_keys(Key::Control + "a").await?;
        element.send_keys(text).await?;
        element.send_keys(Key::Tab).await?;
        Ok(())
    }

    /// Chooses the option of a `<select>` with this value.
    pub async fn select(&self, css: &str, value: &str) -> Result<()> {
        self.find(css).await?;
        let (css, value) = (json!(css), json!(value));
        let chosen: bool = self
            .eval(&format!(
                "(() => {{ \
                   const select = document.querySelector({css}); \
                   if (![...select.options].some((option) => option.value === {value})) return false; \
                   select.value = {value}; \
                   select.dispatchEvent(new Event('input', {{ bubbles: true }})); \
                   select.dispatchEvent(new Event('change', {{ bubbles: true }})); \
                   return true; \
                 }})()"
            ))
            .await?;
        if chosen {
            Ok(())
        } else {
            bail!("{css} has no option {value}")
        }
    }

    /// The visible text of an element.
    pub async fn text(&self, css: &str) -> Result<String> {
        Ok(self.find(css).await?.text().await?)
    }

    /// Gives a file to an `<input type="file">`, which may be hidden.
    pub async fn give_file(&self, css: &str, path: &Path) -> Result<()> {
        let input = self
            .driver
            .find(By::Css(css))
            .await
            .with_context(|| format!("no `{css}`"))?;
        let path = path.canonicalize()?;
        Ok(input.send_keys(path.to_string_lossy().as_ref()).await?)
    }

    /// Waits for a complete download and returns its path.
    pub async fn downloaded(&self) -> Result<PathBuf> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let whole = fs::read_dir(&self.downloads)?
                .filter_map(|entry| Some(entry.ok()?.path()))
                .find(|path| path.extension().is_none_or(|extension| extension != "crdownload"));
            if let Some(path) = whole {
                return Ok(path);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("nothing was downloaded within {} s", PATIENCE.as_secs())
    }

    /// Sets the size of the page in CSS pixels.
    pub async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let screen = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.cdp("Emulation.setDeviceMetricsOverride", screen).await?;
        self.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": false }))
            .await?;
        Ok(())
    }

    /// Emulates a phone: 390 x 844 CSS pixels at a device pixel ratio of 2, with touch.
    pub async fn phone(&self) -> Result<()> {
        let screen = json!({ "width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": true });
        self.cdp("Emulation.setDeviceMetricsOverride", screen).await?;
        self.cdp("Emulation.setTouchEmulationEnabled", json!({ "enabled": true }))
            .await?;
        Ok(())
    }

    /// Emulates media features: `("prefers-color-scheme", "dark")`.
    pub async fn prefer(&self, features: &[(&str, &str)]) -> Result<()> {
        let features: Vec<_> = features
            .iter()
            .map(|(name, value)| json!({ "name": name, "value": value }))
            .collect();
        self.cdp("Emulation.setEmulatedMedia", json!({ "features": features }))
            .await?;
        Ok(())
    }

    /// Requests to these addresses (`*` is a wildcard) fail as if there were no network.
    pub async fn block(&self, urls: &[&str]) -> Result<()> {
        self.cdp("Network.enable", json!({})).await?;
        self.cdp("Network.setBlockedURLs", json!({ "urls": urls }))
            .await?;
        Ok(())
    }

    /// Simulates a slow network: bytes per second down, and round-trip time.
    pub async fn throttle(&self, bytes_per_s: u32, latency_ms: u32) -> Result<()> {
        self.cdp("Network.enable", json!({})).await?;
        let conditions = json!({
            "offline": false, "latency": latency_ms, "downloadThroughput": bytes_per_s, "uploadThroughput": -1
        });
        self.cdp("Network.emulateNetworkConditions", conditions).await?;
        Ok(())
    }

    /// Starts to record long tasks of the page (50 ms or longer).
    pub async fn watch_long_tasks(&self) -> Result<()> {
        self.eval::<Value>(
            "(() => { \
               globalThis.testLongTasks = []; \
               new PerformanceObserver((list) => list.getEntries().forEach((entry) => testLongTasks.push(entry.duration))) \
                 .observe({ type: 'longtask' }); \
               globalThis.testLongFrames = []; globalThis.testWatched = performance.now(); \
               new PerformanceObserver((list) => list.getEntries().forEach((entry) => testLongFrames.push( \
                   `${entry.duration.toFixed(0)} ms at ${((entry.startTime - testWatched) / 1000).toFixed(1)} s: ` + entry.scripts.map((script) => \
                     `${script.invoker} ${script.duration.toFixed(0)} ms (styles and layout ${script.forcedStyleAndLayoutDuration.toFixed(0)} ms)`).join(', ')))) \
                 .observe({ type: 'long-animation-frame' }); \
             })()",
        )
        .await?;
        Ok(())
    }

    /// Durations of the tasks recorded since [`Page::watch_long_tasks`], in milliseconds.
    pub async fn long_tasks_ms(&self) -> Result<Vec<f64>> {
        self.eval("globalThis.testLongTasks").await
    }

    /// Frames of 50 ms or longer since [`Page::watch_long_tasks`], with the scripts that ran in them.
    pub async fn long_frames(&self) -> Result<Vec<String>> {
        self.eval("globalThis.testLongFrames").await
    }

    /// Saves a screenshot as `target/screenshots/NAME.png`.
    pub async fn screenshot(&self, name: &str) -> Result<()> {
        let answer = self
            .cdp("Page.captureScreenshot", json!({ "format": "png" }))
            .await?;
        let data = answer["data"].as_str().context("the browser sent no picture")?;
        let dir = target_dir().join("screenshots");
        fs::create_dir_all(&dir)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(data)?;
        fs::write(dir.join(format!("{name}.png")), bytes)?;
        Ok(())
    }

    /// Allows console warnings and errors that contain `text`.
    pub fn expect_console(&self, text: &str) {
        self.expected_console.borrow_mut().push(text.to_owned());
    }

    /// Console messages since the last call, as `LEVEL message`.
    pub async fn console(&self) -> Result<Vec<String>> {
        let entries = self.driver.browser_log().await?;
        Ok(entries
            .into_iter()
            .map(|entry| format!("{} {}", entry.level, entry.message))
            .collect())
    }

    pub(crate) async fn check_console(&self) -> Result<()> {
        let lines = self.console().await?;
        let expected = self.expected_console.borrow();
        let is_bad = |line: &String| {
            (line.starts_with("SEVERE") || line.starts_with("WARNING"))
                // Chromium's own message when a page requests WebGPU on a machine without it.
                && !line.ends_with("No available adapters.")
                && !expected.iter().any(|text| line.contains(text))
        };
        let bad: Vec<String> = lines.into_iter().filter(is_bad).collect();
        if bad.is_empty() {
            Ok(())
        } else {
            bail!("the console is not clean:\n  {}", bad.join("\n  "))
        }
    }

    /// The URLs that pages and their workers have requested, from the browser's network log; the test has to be
    /// set up with [`Setup::notes_requests`](crate::Setup).
    pub async fn requests(&self) -> Result<Vec<String>> {
        // The browser writes a few events at a time.
        self.sleep(Duration::from_secs(1)).await;
        let log = fs::read_to_string(self.scratch.join("net-log.json"))?;
        let addresses = log.lines().filter_map(|line| {
            // One event per line; other lines are ignored.
            let event: Value = serde_json::from_str(line.trim_end_matches(',')).ok()?;
            let parameters = &event["params"];
            // Requests by the browser itself have no origin.
            let initiator = parameters["initiator"].as_str()?;
            (initiator != "not an origin")
                .then(|| parameters["url"].as_str().map(str::to_owned))
                .flatten()
        });
        Ok(addresses.collect())
    }

    /// Starts to record violations of the Content-Security-Policy.
    pub async fn watch_policy(&self) -> Result<()> {
        let source = "globalThis.testViolations = []; \
                      document.addEventListener('securitypolicyviolation', (event) => testViolations.push( \
                        `${event.effectiveDirective}: ${event.blockedURI} ${event.sample} (${event.sourceFile}:${event.lineNumber})`));";
        self.cdp(
            "Page.addScriptToEvaluateOnNewDocument",
            json!({ "source": source }),
        )
        .await?;
        Ok(())
    }

    /// Violations of the policy since [`Page::watch_policy`].
    pub async fn violations(&self) -> Result<Vec<String>> {
        self.eval("globalThis.testViolations").await
    }

    /// Sends a command of the DevTools protocol.
    pub async fn cdp(&self, command: &str, parameters: Value) -> Result<Value> {
        self.driver
            .cdp()
            .send_raw(command, parameters)
            .await
            .with_context(|| command.to_owned())
    }

    pub(crate) async fn close(self) {
        if let Err(error) = self.driver.quit().await {
            eprintln!("the browser did not close: {error}");
        }
        // Files that are left over are in `target/` and harmless.
        let _ = fs::remove_dir_all(&self.scratch);
    }
}
