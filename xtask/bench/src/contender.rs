//! The engine in this process, on this thread, with the same commands as the workers of the bench page.

use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use mtl_kernels::{
    fused::Rounding,
    peak::{self, LayerProduct},
};
use mtl_training::benchmark::{Benchmark, BenchmarkSpec};
use mtl_training::step::Profile;
use serde::Deserialize;
use serde_json::{Value, json};

/// A command.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Command {
    /// Compile a workload and train its first step.
    Start { spec: Box<BenchmarkSpec> },
    /// Train `n` steps and return the loss before each.
    Losses { n: usize },
    /// Train for `ms` milliseconds.
    Block { ms: f64 },
    /// Measure multiply-adds on registers alone, fused if requested.
    Peak { fused: bool },
    /// Measure the three products of dense layers (rows, units, inputs).
    Products { fused: bool, sizes: Vec<[usize; 3]> },
    /// Train `n` steps, timed op by op.
    Profile { n: u64 },
}

/// A workload in training.
#[derive(Default)]
pub struct Contender {
    benchmark: Option<Benchmark>,
}

impl Contender {
    /// Executes a command, given as JSON.
    pub fn answer(&mut self, command: &str) -> Result<Value> {
        let command = serde_json::from_str(command).context("this is no command")?;
        Ok(match command {
            Command::Start { spec } => {
                let (first_step_ms, loss) = self.start(&spec)?;
                let flops_per_step = self.started()?.flops_per_step();
                json!({ "first_step_ms": first_step_ms, "losses": [loss], "flops_per_step": flops_per_step })
            }
            Command::Losses { n } => {
                let benchmark = self.started()?;
                json!({ "losses": (0..n).map(|_| benchmark.step()).collect::<Vec<_>>() })
            }
            Command::Block { ms } => {
                let (steps, ms) = self.block(ms)?;
                json!({ "steps": steps, "ms": ms })
            }
            Command::Peak { fused } => {
                let rounding = Rounding::fused_if(fused);
                let rate = peak::peak_flops_per_s(&clock_ms(), rounding);
                json!({ "flops_per_s": rate, "build": build(rounding) })
            }
            Command::Products { fused, sizes } => {
                let rounding = Rounding::fused_if(fused);
                let clock = clock_ms();
                let rates = |size: &[usize; 3]| {
                    LayerProduct::ALL
                        .map(|product| peak::product_flops_per_s(&clock, product, *size, rounding))
                };
                json!({ "flops_per_s": sizes.iter().map(rates).collect::<Vec<_>>() })
            }
            Command::Profile { n } => profile_json(&self.profile(n)?),
        })
    }

    fn started(&mut self) -> Result<&mut Benchmark> {
        self.benchmark
            .as_mut()
            .ok_or_else(|| anyhow!("no workload was started"))
    }

    /// Compiles a workload and trains its first step; returns milliseconds (without drawing the rows) and the loss.
    pub fn start(&mut self, spec: &BenchmarkSpec) -> Result<(f64, f32)> {
        self.benchmark = None;
        let start = Instant::now();
        let mut benchmark = Benchmark::new(spec)?;
        let compiled = start.elapsed();
        benchmark.draw_rows();
        let start = Instant::now();
        let loss = benchmark.step();
        let first_step_ms = (compiled + start.elapsed()).as_secs_f64() * 1e3;
        self.benchmark = Some(benchmark);
        Ok((first_step_ms, loss))
    }

    /// Trains for about `ms` milliseconds; returns steps and milliseconds.
    pub fn block(&mut self, ms: f64) -> Result<(u64, f64)> {
        let benchmark = self.started()?;
        let start = Instant::now();
        let mut n_steps = 0;
        loop {
            benchmark.step();
            n_steps += 1;
            let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
            if elapsed_ms >= ms {
                return Ok((n_steps, elapsed_ms));
            }
        }
    }

    /// The profile of the median of several parts of `n` steps.
    pub fn profile(&mut self, n: u64) -> Result<Profile> {
        const N_PARTS: u64 = 5;
        let benchmark = self.started()?;
        let clock = clock_ms();
        let mut parts = Vec::new();
        for _ in 0..N_PARTS {
            let mut profile = Profile::new(benchmark.model());
            for _ in 0..(n / N_PARTS).max(1) {
                benchmark.profile_step(&clock, &mut profile);
            }
            parts.push(profile);
        }
        parts.sort_by(|a, b| a.total_ms().total_cmp(&b.total_ms()));
        Ok(parts.swap_remove(parts.len() / 2))
    }
}

/// Name of the instruction set of the kernels on this machine.
fn build(rounding: Rounding) -> &'static str {
    if rounding == Rounding::Fused {
        return "native-avx2-fma";
    }
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return "native-avx2";
    }
    "native-128-bit"
}

/// A clock in milliseconds.
fn clock_ms() -> impl Fn() -> f64 {
    let start = Instant::now();
    move || start.elapsed().as_secs_f64() * 1e3
}

fn profile_json(profile: &Profile) -> Value {
    let per_step = |ms: f64| ms / profile.n_steps as f64;
    let ops = profile.ops.iter().map(|op| {
        json!({
            "op": op.op,
            "node": op.node,
            "forward_ms": per_step(op.forward_ms),
            "backward_ms": per_step(op.backward_ms),
        })
    });
    json!({
        "ops": ops.collect::<Vec<_>>(),
        "between_ms": per_step(profile.rows_ms + profile.balance_ms + profile.between_ms),
        "optimizer_ms": per_step(profile.update_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;

    fn told(contender: &mut Contender, command: Value) -> Value {
        contender.answer(&command.to_string()).unwrap()
    }

    #[test]
    fn every_built_in_workload_trains_and_says_what_is_asked() {
        for workload in workloads::built_in().unwrap() {
            let mut contender = Contender::default();
            let start = told(&mut contender, json!({ "do": "start", "spec": workload.spec }));
            let first = start["losses"][0].as_f64().unwrap();
            let more = told(&mut contender, json!({ "do": "losses", "n": 8 }));
            let last = more["losses"][7].as_f64().unwrap();
            // Four batches alternate: after two rounds the loss must be lower.
            assert!(last < first, "{}: {first} then {last}", workload.spec.name);
            let block = told(&mut contender, json!({ "do": "block", "ms": 1.0 }));
            assert!(block["steps"].as_u64().unwrap() >= 1 && block["ms"].as_f64().unwrap() >= 1.0);
            let profile = told(&mut contender, json!({ "do": "profile", "n": 5 }));
            let ops = profile["ops"].as_array().unwrap();
            assert!(
                ops.iter().any(|op| op["backward_ms"].as_f64().unwrap() > 0.0),
                "{profile}"
            );
        }
    }

    #[test]
    fn operations_of_a_step_are_those_of_its_products() {
        // Millions, counted by hand: the products of each layer forward and once per gradient that is computed.
        for (name, expected) in [("W2", 126.0), ("W5", 66.0), ("W6", 1082.0)] {
            let workload = workloads::built_in().unwrap();
            let workload = workload
                .iter()
                .find(|workload| workload.spec.name == name)
                .unwrap();
            let benchmark = Benchmark::new(&workload.spec).unwrap();
            let flops = benchmark.flops_per_step() / 1e6;
            assert!(
                (flops / expected - 1.0).abs() < 0.01,
                "{name}: {flops} for {expected}"
            );
        }
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        let mut contender = Contender::default();
        let error =
            |contender: &mut Contender, command: &str| contender.answer(command).unwrap_err().to_string();
        assert_eq!(
            error(&mut contender, r#"{"do":"losses","n":1}"#),
            "no workload was started"
        );
        assert_eq!(error(&mut contender, r#"{"do":"dance"}"#), "this is no command");
    }
}
