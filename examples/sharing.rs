//! Measures whether sharing helps a task: the task alone compared with the task next to another one, with the same rows, seeds and steps.
//!
//! ```text
//! cargo run --release -p mtl-examples --example sharing                        # every case of docs/data.md
//! cargo run --release -p mtl-examples --example sharing -- --case helps-real --seeds 4
//! ```
//! Both designs are the same preset, with the head of the target alone or with both heads. The test metric is that of the
//! epoch with the best value of the same metric on the validation set. A case can be changed: `--share 0.05`,
//! `--epochs 10`, `--learning-rate 0.003`, `--generator JSON`, `--data KEY`, `--preset KEY`, `--target LABEL`, `--beside LABEL`.

use std::collections::BTreeMap;
use std::time::Instant;

use mtl_engine::metrics::Metric;
use mtl_examples::Outcome;
use mtl_examples::sharing_cases::{Case, cases, is_better, run};

fn main() -> Outcome<()> {
    let mut options = BTreeMap::new();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match (word.strip_prefix("--"), words.next()) {
            (Some(name), Some(value)) => drop(options.insert(name.to_owned(), value)),
            _ => return Err(format!("expected --NAME VALUE, got {word}").into()),
        }
    }
    let n_seeds: u64 = options.remove("seeds").map_or(Ok(4), |text| text.parse())?;
    let only = options.remove("case");
    println!(
        "| case | data | target | beside | labels used | metric | alone | together | together is better in |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for mut case in cases() {
        if only.as_ref().is_some_and(|only| only != case.name) {
            continue;
        }
        change(&mut case, &options)?;
        compare(&case, n_seeds)?;
    }
    Ok(())
}

fn change(case: &mut Case, options: &BTreeMap<String, String>) -> Outcome<()> {
    for (name, value) in options {
        match name.as_str() {
            "data" => case.data = value.clone(),
            "generator" => case.generator = value.clone(),
            "preset" => case.preset = value.clone(),
            "target" => case.target = value.clone(),
            "beside" => case.beside = value.clone(),
            "share" => case.share = value.parse()?,
            "epochs" => case.epochs = value.parse()?,
            "learning-rate" => case.learning_rate = value.parse()?,
            _ => return Err(format!("there is no option --{name}").into()),
        }
    }
    Ok(())
}

/// Runs both designs with every seed and prints a line.
fn compare(case: &Case, n_seeds: u64) -> Outcome<()> {
    let mut figures = [Vec::new(), Vec::new()];
    let mut metric = Metric::Auc;
    let started = Instant::now();
    for seed in 1..=n_seeds {
        let alone = run(case, &[&case.target], seed)?;
        let together = run(case, &[&case.target, &case.beside], seed)?;
        metric = alone.0;
        figures[0].push(alone.1);
        figures[1].push(together.1);
        eprintln!(
            "{} seed {seed}: alone {:.4}, together {:.4}",
            case.name, alone.1, together.1
        );
    }
    let shown = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values
            .iter()
            .map(|value| (value - mean) * (value - mean))
            .sum::<f64>()
            / (n - 1.0).max(1.0);
        format!("{mean:.4} ± {:.4}", variance.sqrt())
    };
    let better = figures[0]
        .iter()
        .zip(&figures[1])
        .filter(|(alone, together)| is_better(metric, **together, **alone));
    println!(
        "| {} | `{}` {} | {} | {} | {} % | {} | {} | {} | {} of {n_seeds} seeds |",
        case.name,
        case.data,
        case.generator,
        case.target,
        case.beside,
        100.0 * case.share,
        metric.label().en,
        shown(&figures[0]),
        shown(&figures[1]),
        better.count()
    );
    eprintln!("{:.0} s", started.elapsed().as_secs_f64());
    Ok(())
}
