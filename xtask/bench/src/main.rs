//! The native side of `cargo xtask bench`.
//!
//! ```text
//! xtask-bench list [FILE]        the workloads of FILE (or W1 to W6), checked, with every setting written out, as JSON
//! xtask-bench serve              reads commands, a JSON text a line, and answers each with a line
//! xtask-bench run [NAME ...]     W1 to W6 on this machine without a browser: steps per second, and time by op
//! ```

mod contender;
mod workloads;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use contender::Contender;
use mtl_training::benchmark::BenchmarkSpec;
use serde_json::json;

const USAGE: &str = "Usage: xtask-bench list [FILE] | serve | run [NAME ...]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["list"] => list(None),
        ["list", file] => list(Some(Path::new(file))),
        ["serve"] => serve(),
        ["run", names @ ..] => run(names),
        _ => Err(anyhow::anyhow!(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn list(file: Option<&Path>) -> Result<()> {
    let workloads = match file {
        Some(file) => workloads::read_file(file)?,
        None => workloads::built_in()?,
    };
    println!("{}", serde_json::to_string(&workloads)?);
    Ok(())
}

/// Answers commands until the input ends. An error is sent as an answer.
fn serve() -> Result<()> {
    let mut contender = Contender::default();
    let mut stdout = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        let answer = contender
            .answer(&line?)
            .unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}

fn run(names: &[&str]) -> Result<()> {
    let all = workloads::built_in()?;
    if let Some(unknown) = names
        .iter()
        .find(|name| !all.iter().any(|workload| workload.spec.name == **name))
    {
        bail!("there is no workload `{unknown}`; there are W1 to W6");
    }
    for workload in all {
        let spec = &workload.spec;
        if !names.is_empty() && !names.contains(&spec.name.as_str()) {
            continue;
        }
        let mut contender = Contender::default();
        let spec = BenchmarkSpec {
            fused: true,
            ..spec.clone()
        };
        contender.start(&spec)?;
        contender.block(100.0)?;
        let mut speeds = (0..7)
            .map(|_| {
                contender
                    .block(300.0)
                    .map(|(n_steps, ms)| n_steps as f64 / ms * 1e3)
            })
            .collect::<Result<Vec<_>>>()?;
        speeds.sort_by(f64::total_cmp);
        println!(
            "{}: {:.1} steps/s ({:.1} to {:.1})",
            spec.name, speeds[3], speeds[0], speeds[6]
        );
        let profile = contender.profile(200)?;
        let total_ms = profile.total_ms();
        let per_step = |ms: f64| {
            format!(
                "{:>9.1} us {:>5.1} %",
                ms / profile.n_steps as f64 * 1e3,
                ms / total_ms * 100.0
            )
        };
        for op in &profile.ops {
            let node = spec.design.node(op.node).context("an op belongs to a node")?;
            println!(
                "    {:<16} {:<18} forward {} backward {}",
                node.name,
                op.op,
                per_step(op.forward_ms),
                per_step(op.backward_ms)
            );
        }
        println!(
            "    between the ops  {}",
            per_step(profile.rows_ms + profile.balance_ms + profile.between_ms)
        );
        println!("    optimizer        {}", per_step(profile.update_ms));
    }
    Ok(())
}
