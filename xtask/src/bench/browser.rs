//! Chromium on the bench page. The page polls for commands over HTTP and posts the answers.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc as async_mpsc};

use super::contender::Refusal;
use crate::command::{line_of, target_dir};
use crate::{server, setup};

/// Time limit for opening the page.
const START_WITHIN: Duration = Duration::from_secs(60);

/// Time after which a poll without a command is answered empty.
const POLL: Duration = Duration::from_secs(20);

/// A running browser, which is terminated on drop.
pub struct Browser {
    chromium: Child,
    scratch: PathBuf,
    address: String,
    commands: async_mpsc::UnboundedSender<String>,
    replies: mpsc::Receiver<String>,
    last_id: u64,
}

struct Wire {
    commands: Mutex<async_mpsc::UnboundedReceiver<String>>,
    replies: mpsc::Sender<String>,
}

impl Browser {
    /// Serves `site` and opens its `bench/` in Chromium.
    pub fn start(program: &Path, site: &Path) -> Result<Self> {
        let (commands, to_page) = async_mpsc::unbounded_channel();
        let (from_page, replies) = mpsc::channel();
        let wire = Arc::new(Wire {
            commands: Mutex::new(to_page),
            replies: from_page,
        });
        let routes = Router::new()
            .route("/__bench/next", get(next_command))
            .route("/__bench/reply", post(reply))
            .with_state(wire);
        let options = server::Options {
            routes: Some(routes),
            ..server::Options::default()
        };
        let address = server::serve_in_background(server::bind(0)?, site, options)?.to_string();
        let scratch = target_dir()
            .join("xtask")
            .join(format!("bench-{}", std::process::id()));
        fs::create_dir_all(&scratch)?;
        let log = File::create(scratch.join("chromium.log"))?;
        let mut command = Command::new(program);
        command
            .args(setup::CHROMIUM_ARGUMENTS)
            // WebGPU and WebGL on a software adapter where there is no graphics card.
            .args(["--enable-unsafe-webgpu", "--enable-unsafe-swiftshader"])
            .arg(format!("--user-data-dir={}", scratch.join("profile").display()))
            .arg(format!("http://{address}/bench/"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let chromium = command
            .spawn()
            .with_context(|| format!("`{}` could not be started", line_of(&command)))?;
        let mut browser = Self {
            chromium,
            scratch,
            address,
            commands,
            replies,
            last_id: 0,
        };
        browser.wait_for_page()?;
        Ok(browser)
    }

    fn wait_for_page(&mut self) -> Result<()> {
        // Terminating a worker that does not run succeeds.
        let start = Instant::now();
        let answer = self.ask("nobody", &Value::Null, &json!({ "do": "end" }), START_WITHIN);
        let Err(refusal) = answer else { return Ok(()) };
        let log = fs::read_to_string(self.scratch.join("chromium.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        bail!(
            "Chromium did not open the bench page within {:.0} s ({refusal}); its last words:\n{}",
            start.elapsed().as_secs_f64(),
            lines[lines.len().saturating_sub(12)..].join("\n")
        );
    }

    /// URL of a file of the site.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// Sends a command to a worker (started with `setup` if it does not run) and waits for its answer. A worker that does
    /// not answer in time is terminated.
    pub fn ask(
        &mut self,
        worker: &str,
        setup: &Value,
        command: &Value,
        within: Duration,
    ) -> Result<Value, Refusal> {
        self.last_id += 1;
        let id = self.last_id;
        let message = json!({ "id": id, "worker": worker, "setup": setup, "command": command });
        let gone = |_| Refusal::Gone("the browser's server has stopped".to_owned());
        self.commands.send(message.to_string()).map_err(gone)?;
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.replies.recv_timeout(left.min(Duration::from_secs(1))) {
                Ok(text) => {
                    let reply: Value = serde_json::from_str(&text).unwrap_or_default();
                    if reply["id"] != id {
                        // A late answer of a worker that was terminated.
                        continue;
                    }
                    return match reply["error"].as_str() {
                        Some(error) => Err(Refusal::Said(error.to_owned())),
                        None => Ok(reply["answer"].clone()),
                    };
                }
                Err(_) if !left.is_zero() => {
                    if let Ok(Some(status)) = self.chromium.try_wait() {
                        return Err(Refusal::Gone(format!("Chromium has ended ({status})")));
                    }
                }
                Err(_) => {
                    if command["do"] != "end" {
                        self.end(worker);
                    }
                    return Err(Refusal::TooSlow(within));
                }
            }
        }
    }

    /// Terminates a worker, whatever its state.
    pub fn end(&mut self, worker: &str) {
        // If the page does not answer, the next command fails.
        let _ = self.ask(
            worker,
            &Value::Null,
            &json!({ "do": "end" }),
            Duration::from_secs(10),
        );
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ignored: it has already exited, or its folder is still in use for a moment.
        let _ = self.chromium.kill();
        let _ = self.chromium.wait();
        let _ = fs::remove_dir_all(&self.scratch);
    }
}

async fn next_command(State(wire): State<Arc<Wire>>) -> (StatusCode, String) {
    let mut commands = wire.commands.lock().await;
    match tokio::time::timeout(POLL, commands.recv()).await {
        Ok(Some(command)) => (StatusCode::OK, command),
        _ => (StatusCode::NO_CONTENT, String::new()),
    }
}

async fn reply(State(wire): State<Arc<Wire>>, body: String) -> StatusCode {
    // The receiver is gone when the run is over.
    let _ = wire.replies.send(body);
    StatusCode::NO_CONTENT
}
