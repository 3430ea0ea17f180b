//! `cargo xtask bench`: training speed of the engine on this machine, compared with other libraries in the browser.
//!
//! ```text
//! site.rs        the page's module, TensorFlow.js, the native program
//! browser.rs     Chromium on the bench page (xtask/bench/page), driven by commands
//! contender.rs   the contenders
//! race.rs        first losses, then interleaved blocks of steps
//! products.rs    the matrix products alone
//! page.rs        the page itself, with --page
//! results.rs     medians, paired ratios, rows of --json
//! report.rs      tables, printed and in docs/benchmarks.md
//! ```

mod args;
mod browser;
mod contender;
mod page;
mod products;
mod race;
mod report;
mod results;
mod site;

use std::ffi::OsString;
use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use args::Args;
use browser::Browser;
use contender::{Native, Stage};
use race::{Others, Schedule};
use results::{WorkloadResult, figure};
use serde_json::Value;

use crate::command::{root, step};
use crate::setup;

const DOCUMENT: &str = "docs/benchmarks.md";

pub fn run(args: Vec<OsString>) -> Result<()> {
    let args = Args::parse(args)?;
    if args.help {
        print!("{}", args::USAGE);
        return Ok(());
    }
    if args.page {
        return page::run();
    }
    // Missing programs and invalid workloads are reported first, before anything that takes long.
    let programs = setup::browser()?;
    let tfjs = args.tfjs.then(site::tfjs).transpose()?;
    let native = site::native_program()?;
    let workloads = chosen(site::workloads(&native, args.workloads.as_deref())?, &args.only)?;
    let others = Others {
        tfjs: args.tfjs,
        burn: args.burn.unwrap_or(!args.quick),
    };
    let site = site::site(tfjs.as_deref(), others.burn)?;

    let schedule = if args.quick {
        Schedule::QUICK
    } else {
        Schedule::FULL
    };
    let start = Instant::now();
    let browser = step("start Chromium", || Browser::start(&programs.chromium, &site.dir))?;
    let mut stage = Stage {
        browser,
        native: Native::start(&native)?,
        site,
    };
    let mut results = Vec::new();
    for workload in &workloads {
        let name = workload["name"].as_str().unwrap_or_default();
        let about = workload["about"].as_str().unwrap_or_default();
        eprintln!("» {name}  {about}");
        let result = race::run(&mut stage, workload, schedule, args.backend, others)
            .with_context(|| format!("measuring {name}"))?;
        progress(&result);
        results.push(result);
    }
    let products = if args.backend.has_cpu() {
        eprintln!("» products of Dense layers alone");
        products::table(&products::measure(&mut stage).context("measuring products")?)
    } else {
        String::new()
    };
    drop(stage);
    let seconds = start.elapsed().as_secs_f64();
    let peak = |build: &str| {
        let peaks = results.iter().filter_map(|result| result.peak(build));
        figure(peaks.fold(0.0, f64::max) / 1e9)
    };

    let head = format!(
        "{}\n\nMeasured in {seconds:.0} s ({}). Registers-only peak: {} GFLOP/s in the page ({} reproducible), {} GFLOP/s natively.\n\n",
        machine(&programs),
        if args.quick {
            "`--quick`: expect more noise"
        } else {
            "in full"
        },
        peak("wasm-relaxed-simd"),
        peak("wasm-simd128"),
        peak("native"),
    );
    let tables = report::tables(&results) + &products;
    println!("\n{head}{tables}");
    if let Some(file) = &args.json {
        let rows: Vec<Value> = results.iter().flat_map(WorkloadResult::rows).collect();
        fs::write(file, serde_json::to_string_pretty(&rows)? + "\n")
            .with_context(|| format!("writing {}", file.display()))?;
        println!("{} rows are in {}", rows.len(), file.display());
    }
    // Only results that are comparable between runs go into the document.
    if args.docs && args.workloads.is_none() && args.only.is_empty() && args.tfjs {
        let profiles = report::profiles(&results);
        write_document(
            if args.quick { "quick" } else { "full" },
            &format!("{head}{tables}"),
            &profiles,
        )?;
    }
    let disagreements: Vec<String> = results.iter().flat_map(WorkloadResult::disagreements).collect();
    for line in &disagreements {
        println!("FAILED: {line}");
    }
    if !disagreements.is_empty() {
        bail!("not everybody trained the same problem: the speeds above do not compare");
    }
    Ok(())
}

/// The named workloads, in order; all if none is named.
fn chosen(workloads: Vec<Value>, names: &[String]) -> Result<Vec<Value>> {
    let known: Vec<&str> = workloads
        .iter()
        .filter_map(|workload| workload["name"].as_str())
        .collect();
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        bail!(
            "--only: there is no workload `{unknown}`; there are {}",
            known.join(", ")
        );
    }
    let is_wanted =
        |workload: &Value| names.is_empty() || names.iter().any(|name| workload["name"] == **name);
    Ok(workloads.into_iter().filter(is_wanted).collect())
}

/// The results of a workload, printed as soon as it has finished.
fn progress(result: &WorkloadResult) {
    for entrant in &result.entrants {
        let Some(speed) = entrant.speed() else { continue };
        let is_ours = result.ours(entrant).is_some_and(|ours| ours.key == entrant.key);
        let ratio = result.ratio(entrant).filter(|_| !is_ours);
        let ratio = ratio.map_or_else(String::new, |ratio| {
            format!(", the page is {} x as fast", figure(ratio.median))
        });
        let losses: Vec<String> = entrant.losses.iter().map(|loss| format!("{loss:.6}")).collect();
        eprintln!(
            "    {:<32} {:>8} steps/s{ratio}; first losses {}",
            entrant.key.to_string(),
            figure(speed.median),
            losses.join(" ")
        );
    }
}

fn write_document(section: &str, body: &str, profiles: &str) -> Result<()> {
    let path = root().join(DOCUMENT);
    let write = || -> Result<()> {
        let mut document = fs::read_to_string(&path)?;
        document = report::replace_section(&document, section, body)?;
        if !profiles.is_empty() {
            document = report::replace_section(&document, "profile", profiles)?;
        }
        Ok(fs::write(&path, document)?)
    };
    write().with_context(|| format!("writing the tables into {DOCUMENT}"))?;
    println!("The tables are in {DOCUMENT} ({section}).");
    Ok(())
}

/// The machine, in one line.
fn machine(programs: &setup::Browser) -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, name)| name);
    let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
    let said = |program: &std::path::Path, args: &[&str]| {
        let output = Command::new(program).args(args).current_dir(root()).output().ok();
        output.map_or_else(String::new, |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        })
    };
    let chromium = said(&programs.chromium, &["--version"]);
    let commit = said("git".as_ref(), &["describe", "--always", "--dirty"]);
    format!(
        "{processor}, {n_cores} cores, {}; {chromium}; TensorFlow.js {}; commit {commit}.",
        std::env::consts::OS,
        contender::TFJS_VERSION
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn workloads_are_chosen_by_name() {
        let all = || vec![json!({ "name": "W1" }), json!({ "name": "W2" })];
        assert_eq!(chosen(all(), &[]).unwrap().len(), 2);
        assert_eq!(
            chosen(all(), &["W2".to_owned()]).unwrap(),
            [json!({ "name": "W2" })]
        );
        let error = chosen(all(), &["W9".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "--only: there is no workload `W9`; there are W1, W2");
    }
}
