//! Speed of the matrix products of Dense layers alone, as a share of the peak of the same build on registers.

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::contender::{Key, Refusal, Stage};
use crate::bundle::Build;

/// Rows, units, inputs.
const SIZES: [[u64; 3]; 8] = [
    [64, 32, 64],
    [64, 64, 64],
    [256, 32, 64],
    [256, 16, 100],
    [64, 1700, 64],
    [64, 64, 1700],
    [256, 128, 128],
    [256, 512, 512],
];

/// Speed of one build.
pub struct Column {
    title: &'static str,
    /// Peak on registers alone, in floating-point operations per second.
    peak: f64,
    /// Forward, gradient of the input, gradient of the weights, for each of the sizes.
    rates: Vec<[f64; 3]>,
}

/// Measures the builds that this machine and its browser support.
pub fn measure(stage: &mut Stage) -> Result<Vec<Column>, Refusal> {
    let builds = [
        ("page", Key::page("cpu", Build::Relaxed)),
        ("page, reproducible", Key::page("cpu", Build::Baseline)),
        ("natively", Key::native("native")),
    ];
    let mut columns = Vec::new();
    for (title, key) in builds {
        let mut ask = |command: Value| stage.ask(&key, &command, Duration::from_secs(60));
        let answers = [
            ask(json!({ "do": "peak", "fused": key.is_fused() })),
            ask(json!({ "do": "products", "fused": key.is_fused(), "sizes": SIZES })),
            ask(json!({ "do": "peak", "fused": key.is_fused() })),
        ];
        match answers {
            [Ok(before), Ok(products), Ok(after)] => columns.push(Column {
                title,
                peak: number(&before["flops_per_s"]).max(number(&after["flops_per_s"])),
                rates: rates(&products["flops_per_s"]),
            }),
            // A browser without relaxed SIMD cannot run that build.
            _ if key.build == Build::Relaxed.name() => {}
            [before, products, after] => {
                before.and(products).and(after)?;
            }
        }
        stage.end(&key);
    }
    Ok(columns)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

fn rates(value: &Value) -> Vec<[f64; 3]> {
    let rows = value.as_array().into_iter().flatten();
    rows.map(|row| std::array::from_fn(|at| number(&row[at])))
        .collect()
}

/// A Markdown table: a row per size, the three products in each cell.
pub fn table(columns: &[Column]) -> String {
    let mut text = String::from(
        "**Products of Dense layers alone, share of the registers-only peak** (forward, gradient of the input, gradient of the weights)\n\n| rows × units × inputs |",
    );
    for column in columns {
        let _ = write!(text, " {}, of {:.1} GFLOP/s |", column.title, column.peak / 1e9);
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(columns.len()));
    for (at, [batch, units, inputs]) in SIZES.iter().enumerate() {
        let _ = write!(text, "| {batch} × {units} × {inputs} |");
        for column in columns {
            let cell = column.rates.get(at).map_or_else(
                || "—".to_owned(),
                |rates| {
                    let shares = rates.map(|rate| format!("{:.0} %", 100.0 * rate / column.peak));
                    shares.join(", ")
                },
            );
            let _ = write!(text, " {cell} |");
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_those_of_the_column_s_own_peak() {
        let columns = [
            Column {
                title: "page",
                peak: 50e9,
                rates: rates(&json!([[25e9, 40e9, 45e9]])),
            },
            Column {
                title: "natively",
                peak: 100e9,
                rates: rates(&json!([[25e9, 50e9, 100e9], [1e9, 2e9, 3e9]])),
            },
        ];
        let text = table(&columns);
        assert!(
            text.contains("| rows × units × inputs | page, of 50.0 GFLOP/s | natively, of 100.0 GFLOP/s |")
        );
        assert!(text.contains("| 64 × 32 × 64 | 50 %, 80 %, 90 % | 25 %, 50 %, 100 % |"));
        assert!(text.contains("| 64 × 64 × 64 | — | 1 %, 2 %, 3 % |"));
    }
}
