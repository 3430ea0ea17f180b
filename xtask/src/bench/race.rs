//! One workload: every contender is started, reports its first losses, and then trains in blocks interleaved with the others.
//!
//! Blocks of all contenders are interleaved in rounds, so that a temporary slowdown of this machine affects
//! all of them; a ratio is the median of the ratios within the rounds.

use std::time::Duration;

use serde_json::{Value, json};

use super::args::Backend;
use super::contender::{Engine, Key, Refusal, Stage};
use super::results::{Entrant, LOSS_TOLERANCE, WorkloadResult};
use crate::bundle::Build;

/// The schedule of a benchmark: durations and numbers of rounds.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// Rounds of blocks.
    pub n_rounds: usize,
    /// Rounds of a contender whose step takes longer than a block.
    pub n_slow_rounds: usize,
    /// Duration of a block, in milliseconds.
    pub block_ms: f64,
    /// Time limit for the first losses of one contender; losses beyond it are not compared.
    pub losses_ms: f64,
    /// Time limit for loading a library, compiling a workload and the first step.
    pub start_within: Duration,
    /// The same limit for stock code, which is tried on several backends.
    pub stock_within: Duration,
    /// Whether to select the first alternative that trains correctly instead of the fastest.
    pub takes_first: bool,
}

impl Schedule {
    pub const FULL: Self = Self {
        n_rounds: 7,
        n_slow_rounds: 2,
        block_ms: 400.0,
        losses_ms: 5_000.0,
        start_within: Duration::from_secs(120),
        stock_within: Duration::from_secs(40),
        takes_first: false,
    };
    pub const QUICK: Self = Self {
        n_rounds: 3,
        n_slow_rounds: 1,
        block_ms: 150.0,
        losses_ms: 500.0,
        start_within: Duration::from_secs(12),
        stock_within: Duration::from_secs(5),
        takes_first: true,
    };

    /// Time limit for a block.
    fn block_within(self) -> Duration {
        self.start_within + Duration::from_secs_f64(self.block_ms / 1e3)
    }
}

/// Number of losses that are compared.
pub const N_LOSSES: usize = 20;

/// Alternatives, of which only the fastest takes part.
struct Heat {
    /// Common name.
    what: &'static str,
    keys: Vec<Key>,
}

/// The contenders besides the engine.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    pub tfjs: bool,
    pub burn: bool,
}

fn heats(backend: Backend, native: &Key, others: Others) -> Vec<Heat> {
    let heat = |what, keys: &[Key]| Heat {
        what,
        keys: keys.to_vec(),
    };
    let mut heats = Vec::new();
    if backend.has_cpu() {
        heats.push(heat(
            "the engine in the page",
            &[Key::page("cpu", Build::Relaxed)],
        ));
        heats.push(heat(
            "the engine in the page, reproducible",
            &[Key::page("cpu", Build::Baseline)],
        ));
        heats.push(heat("the engine natively", std::slice::from_ref(native)));
        if others.tfjs {
            heats.push(heat("TF.js expert", &[Key::tfjs(Engine::TfjsExpert, "wasm")]));
            let stock = ["wasm", "webgl", "cpu"].map(|backend| Key::tfjs(Engine::TfjsStock, backend));
            heats.push(heat("TF.js stock", &stock));
        }
        if others.burn {
            heats.push(heat("burn", &[Key::burn()]));
        }
    }
    if backend.has_webgpu() {
        heats.push(heat(
            "the engine on WebGPU",
            &[Key::page("webgpu", Build::Relaxed)],
        ));
        if others.tfjs {
            let both = [Engine::TfjsExpert, Engine::TfjsStock].map(|engine| Key::tfjs(engine, "webgpu"));
            heats.push(heat("TF.js on WebGPU", &both));
        }
    }
    heats
}

/// Trains one workload with all contenders.
pub fn run(
    stage: &mut Stage,
    workload: &Value,
    schedule: Schedule,
    backend: Backend,
    others: Others,
) -> Result<WorkloadResult, Refusal> {
    let mut result = WorkloadResult::new(workload);
    let mut peak = |key: &Key| -> Result<Value, Refusal> {
        let command = json!({ "do": "peak", "fused": key.is_fused() });
        stage.ask(key, &command, schedule.start_within)
    };
    let native_peak = peak(&Key::native("native"))?;
    let native = Key::native(native_peak["build"].as_str().unwrap_or("native"));
    result
        .peaks
        .push((native.build.clone(), number(&native_peak, "flops_per_s")));
    for build in [Build::Baseline, Build::Relaxed] {
        // A browser without relaxed SIMD reports an error when that build starts to train.
        if let Ok(peak) = peak(&Key::page("cpu", build)) {
            result
                .peaks
                .push((build.name().to_owned(), number(&peak, "flops_per_s")));
        }
    }

    let mut racers: Vec<Entrant> = Vec::new();
    for heat in heats(backend, &native, others) {
        let mut best: Option<Entrant> = None;
        let is_choice = heat.keys.len() > 1;
        let mut seen = Vec::new();
        for key in heat.keys {
            if schedule.takes_first && best.is_some() {
                break;
            }
            match qualify(
                stage,
                workload,
                &key,
                schedule,
                is_choice && !schedule.takes_first,
            ) {
                Ok(entrant) if is_choice && computes_something_else(&entrant, racers.first()) => {
                    stage.end(&entrant.key);
                    let note = format!(
                        "{}: trains something else, its first losses are {:?}",
                        entrant.key,
                        first_few(&entrant)
                    );
                    eprintln!("    {note}");
                    result.notes.push(note);
                }
                Ok(entrant) => {
                    seen.push(format!("{key} {}", entrant.heat_note()));
                    let is_faster = best
                        .as_ref()
                        .is_none_or(|best| entrant.heat_speed > best.heat_speed);
                    let loser = if is_faster {
                        best.replace(entrant)
                    } else {
                        Some(entrant)
                    };
                    if let Some(loser) = loser {
                        stage.end(&loser.key);
                    }
                }
                Err(Refusal::Gone(why)) => return Err(Refusal::Gone(why)),
                Err(refusal) => {
                    stage.end(&key);
                    let note = format!("{key}: {refusal}");
                    eprintln!("    {note}");
                    result.notes.push(note);
                    // The remaining alternatives are assumed to be slower.
                    if schedule.takes_first && matches!(refusal, Refusal::TooSlow(_)) {
                        break;
                    }
                }
            }
        }
        if is_choice && !schedule.takes_first && !seen.is_empty() {
            let note = format!("{}: {}", heat.what, seen.join(", "));
            eprintln!("    {note}");
            result.notes.push(note);
        }
        racers.extend(best);
    }
    race(stage, &mut racers, schedule)?;
    if backend.has_cpu() {
        let profile = stage.ask(
            &native,
            &json!({ "do": "profile", "n": 100 }),
            schedule.block_within(),
        )?;
        result.profile = Some(profile);
    }
    for entrant in &racers {
        stage.end(&entrant.key);
    }
    result.entrants = racers;
    Ok(result)
}

/// Whether an alternative computes wrong losses: a library's backend may lack an operation or have a bug in it.
fn computes_something_else(entrant: &Entrant, reference: Option<&Entrant>) -> bool {
    let difference = reference.and_then(|reference| entrant.loss_difference(reference));
    difference.is_some_and(|(difference, _)| difference.is_nan() || difference > LOSS_TOLERANCE)
}

fn first_few(entrant: &Entrant) -> &[f64] {
    &entrant.losses[..entrant.losses.len().min(3)]
}

/// First step, first losses, and, for alternatives, the speed.
fn qualify(
    stage: &mut Stage,
    workload: &Value,
    key: &Key,
    schedule: Schedule,
    is_choice: bool,
) -> Result<Entrant, Refusal> {
    let mut spec = workload.clone();
    spec["fused"] = key.is_fused().into();
    let is_stock = key.engine == Engine::TfjsStock && key.backend != "webgpu";
    let within = if is_stock {
        schedule.stock_within
    } else {
        schedule.start_within
    };
    let start = stage.ask(key, &json!({ "do": "start", "spec": spec }), within)?;
    let mut entrant = Entrant::new(key.clone());
    entrant.first_step_ms = number(&start, "first_step_ms");
    entrant.flops_per_step = number(&start, "flops_per_step");
    entrant.losses = numbers(&start["losses"]);
    let command = json!({ "do": "losses", "n": N_LOSSES - 1, "budget_ms": schedule.losses_ms });
    let within = within + Duration::from_secs_f64(schedule.losses_ms / 1e3);
    let more = stage.ask(key, &command, within)?;
    entrant.losses.extend(numbers(&more["losses"]));
    if is_choice {
        let block = stage.ask(
            key,
            &json!({ "do": "block", "ms": schedule.block_ms }),
            schedule.block_within(),
        )?;
        entrant.heat_speed = speed(&block);
    }
    Ok(entrant)
}

/// Interleaved blocks. A contender whose single step takes longer than a block takes part in the first rounds only.
fn race(stage: &mut Stage, racers: &mut [Entrant], schedule: Schedule) -> Result<(), Refusal> {
    for round in 0..schedule.n_rounds {
        for entrant in racers.iter_mut() {
            if entrant.is_out || (entrant.is_slow && round >= schedule.n_slow_rounds) {
                continue;
            }
            let command = json!({ "do": "block", "ms": schedule.block_ms });
            match stage.ask(&entrant.key, &command, schedule.block_within()) {
                Ok(block) => {
                    entrant.is_slow = number(&block, "ms") > 2.0 * schedule.block_ms;
                    entrant.speeds.push(speed(&block));
                }
                Err(Refusal::Gone(why)) => return Err(Refusal::Gone(why)),
                Err(refusal) => {
                    eprintln!("    {} is out in round {}: {refusal}", entrant.key, round + 1);
                    entrant.is_out = true;
                }
            }
        }
    }
    Ok(())
}

fn number(answer: &Value, key: &str) -> f64 {
    answer[key].as_f64().unwrap_or(f64::NAN)
}

fn numbers(list: &Value) -> Vec<f64> {
    let items = list.as_array().into_iter().flatten();
    items.map(|value| value.as_f64().unwrap_or(f64::NAN)).collect()
}

/// Steps per second of a block.
fn speed(block: &Value) -> f64 {
    number(block, "steps") / number(block, "ms") * 1e3
}
