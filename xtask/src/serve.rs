//! `cargo xtask serve`: builds the page, serves it on this machine and prints its address.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Result;

use crate::bundle::{self, files_under};
use crate::command::{root, target_dir};
use crate::server;

/// Files and folders that `--watch` watches.
const WATCHED: [&str; 6] = [
    "src",
    "crates",
    "static",
    "index.html",
    "Cargo.toml",
    "Cargo.lock",
];

pub fn run(args: Vec<OsString>) -> Result<()> {
    let (mut port, mut open, mut watch, mut isolated, mut quick) = (8080_u16, false, false, false, false);
    let mut parser = lexopt::Parser::from_args(args);
    while let Some(arg) = parser.next()? {
        match arg {
            lexopt::Arg::Long("port") => port = lexopt::ValueExt::parse(&parser.value()?)?,
            lexopt::Arg::Long("open") => open = true,
            lexopt::Arg::Long("watch") => watch = true,
            lexopt::Arg::Long("isolated") => isolated = true,
            lexopt::Arg::Long("quick") => quick = true,
            other => return Err(other.unexpected().into()),
        }
    }

    let build = bundle::Options {
        out: target_dir().join("xtask/page"),
        compress: false,
        // With `--watch` only one of the two builds is made, in half the time.
        baseline_only: watch,
        quick,
    };
    // Taken before the build, so that changes during the build cause another one.
    let mut seen = newest_change();
    bundle::build(&build)?;
    let n_builds = Arc::new(AtomicU64::new(1));
    let options = server::Options {
        isolated,
        reload_on: watch.then(|| Arc::clone(&n_builds)),
        ..server::Options::default()
    };
    let address = server::serve_in_background(server::bind(port)?, &build.out, options)?;
    let url = format!("http://{address}/");
    println!("\n  MTL Playground is at  {url}\n  Ctrl-C stops it.\n");
    if open {
        open_in_browser(&url);
    }

    loop {
        thread::sleep(Duration::from_millis(500));
        if !watch {
            continue;
        }
        let now = newest_change();
        if now == seen {
            continue;
        }
        seen = now;
        match bundle::build(&build) {
            Ok(()) => {
                n_builds.fetch_add(1, Ordering::Relaxed);
                println!("  built again; the page reloads");
            }
            Err(error) => eprintln!("  {error:#}\n  The page stays as it was; waiting for the next change."),
        }
    }
}

/// Number of watched files and time of the latest change.
fn newest_change() -> (usize, Option<SystemTime>) {
    let files: Vec<PathBuf> = WATCHED
        .iter()
        .map(|name| root().join(name))
        .flat_map(|path| {
            if path.is_dir() {
                files_under(&path).unwrap_or_default()
            } else {
                vec![path]
            }
        })
        .collect();
    let newest = files
        .iter()
        .filter_map(|path| fs::metadata(path).and_then(|meta| meta.modified()).ok())
        .max();
    (files.len(), newest)
}

/// Opens the address in the default browser; a failure is ignored.
fn open_in_browser(url: &str) {
    let opener = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(target_os = "windows") {
        "explorer"
    } else {
        "xdg-open"
    };
    let started = Command::new(opener)
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if started.is_err() {
        eprintln!("  `{opener}` is not here: open the address yourself.");
    }
}
