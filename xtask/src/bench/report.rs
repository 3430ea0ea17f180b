//! Results as text: the tables that are printed, and those of `docs/benchmarks.md`.

use std::fmt::Write;

use anyhow::{Result, bail};

use super::contender::Engine;
use super::results::{Entrant, WorkloadResult, figure};

/// Target ratios: workload, against TF.js expert, TF.js stock, and TF.js on WebGPU.
const GOALS: [(&str, [f64; 3]); 6] = [
    ("W1", [10.0, 300.0, 5.0]),
    ("W2", [10.0, 200.0, 5.0]),
    ("W3", [8.0, 100.0, 5.0]),
    ("W4", [6.0, 8.0, 5.0]),
    ("W5", [8.0, 30.0, 5.0]),
    ("W6", [1.7, 5.0, 2.0]),
];

/// A column of the tables: title, engine, backends, prefix of the build's name.
type Column = (&'static str, Engine, &'static [&'static str], &'static str);

const COLUMNS: [Column; 8] = [
    ("page, CPU", Engine::Mtl, &["cpu"], "wasm-relaxed"),
    ("page, reproducible", Engine::Mtl, &["cpu"], "wasm-simd128"),
    ("natively", Engine::Mtl, &["cpu"], "native"),
    ("TF.js expert, wasm", Engine::TfjsExpert, &["wasm"], "tfjs"),
    (
        "TF.js stock, best",
        Engine::TfjsStock,
        &["wasm", "webgl", "cpu"],
        "tfjs",
    ),
    ("burn, ndarray", Engine::Burn, &["ndarray"], ""),
    ("page, WebGPU", Engine::Mtl, &["webgpu"], ""),
    ("TF.js WebGPU, expert", Engine::TfjsExpert, &["webgpu"], ""),
];

/// Stock code is measured on WebGPU where it is faster there.
const STOCK_ON_WEBGPU: Column = ("TF.js WebGPU, stock", Engine::TfjsStock, &["webgpu"], "");

fn columns() -> impl Iterator<Item = Column> {
    COLUMNS.into_iter().chain([STOCK_ON_WEBGPU])
}

fn entrant<'a>(result: &'a WorkloadResult, column: &Column) -> Option<&'a Entrant> {
    result.entrant(column.1, column.2, column.3)
}

/// A Markdown table without empty columns.
fn table(results: &[WorkloadResult], cell: impl Fn(&WorkloadResult, &Entrant) -> Option<String>) -> String {
    let used: Vec<Column> = columns()
        .filter(|column| {
            results.iter().any(|result| {
                entrant(result, column)
                    .and_then(|entrant| cell(result, entrant))
                    .is_some()
            })
        })
        .collect();
    let mut text = String::from("| workload |");
    for (title, ..) in &used {
        let _ = write!(text, " {title} |");
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(used.len()));
    for result in results {
        let _ = write!(text, "| {} |", result.name);
        for column in &used {
            let cell = entrant(result, column).and_then(|entrant| cell(result, entrant));
            let _ = write!(text, " {} |", cell.as_deref().unwrap_or("—"));
        }
        text.push('\n');
    }
    text
}

fn goal(workload: &str, entrant: &Entrant) -> Option<f64> {
    let (_, [expert, stock, webgpu]) = GOALS.iter().find(|(name, _)| *name == workload)?;
    match (entrant.key.engine, entrant.key.backend) {
        (Engine::Mtl | Engine::Burn, _) => None,
        (_, "webgpu") => Some(*webgpu),
        (Engine::TfjsExpert, _) => Some(*expert),
        (Engine::TfjsStock, _) => Some(*stock),
    }
}

/// All tables, as Markdown.
pub fn tables(results: &[WorkloadResult]) -> String {
    let mut text = String::new();
    let mut section = |title: &str, remark: &str, body: &str| {
        let _ = write!(text, "**{title}** {remark}\n\n{body}\n");
    };
    section(
        "Training steps per second",
        "(median of the blocks; distance of the quartiles)",
        &table(results, |_, entrant| {
            let speed = entrant.speed()?;
            let backend = match entrant.key.engine {
                Engine::TfjsStock => format!(" on {}", entrant.key.backend),
                _ => String::new(),
            };
            Some(format!(
                "{}{backend} ({:.0} %)",
                figure(speed.median),
                100.0 * speed.relative()
            ))
        }),
    );
    section(
        "How many times faster the page is",
        "(median of the ratios within the rounds; quartiles; the goal)",
        &table(results, |result, entrant| {
            if result.ours(entrant).is_some_and(|ours| ours.key == entrant.key) {
                return None;
            }
            let ratio = result.ratio(entrant)?;
            let goal = goal(&result.name, entrant).map_or_else(String::new, |goal| {
                let mark = if ratio.median >= goal { "" } else { ", missed" };
                format!("; goal {goal}{mark}")
            });
            Some(format!(
                "{} ({} to {}{goal})",
                figure(ratio.median),
                figure(ratio.low),
                figure(ratio.high)
            ))
        }),
    );
    section(
        "Share of the registers-only peak",
        "(products only; a multiply-add counts as two)",
        &table(results, |result, entrant| {
            Some(format!("{:.1} %", 100.0 * result.peak_share(entrant)?))
        }),
    );
    section(
        "First step, milliseconds",
        "(compiling the design and one step; library loaded, rows drawn)",
        &table(results, |_, entrant| Some(figure(entrant.first_step_ms))),
    );
    section(
        "Largest relative difference of the first losses",
        "(from those of the first column; how many were compared)",
        &table(results, |result, entrant| {
            let (difference, n_compared) = result.loss_difference(entrant)?;
            let difference = if difference == 0.0 {
                "same bits".to_owned()
            } else {
                format!("{difference:.0e}")
            };
            Some(format!("{difference} ({n_compared})"))
        }),
    );
    let notes: Vec<String> = results
        .iter()
        .flat_map(|result| {
            result
                .notes
                .iter()
                .map(|note| format!("- {}: {note}\n", result.name))
        })
        .collect();
    if !notes.is_empty() {
        section("Who took a place, and who could not", "", &notes.concat());
    }
    text
}

/// The peaks, and the native profile of a step.
pub fn profiles(results: &[WorkloadResult]) -> String {
    let mut text = String::new();
    for result in results {
        let Some(profile) = &result.profile else { continue };
        let _ = write!(
            text,
            "**{}** ({}; batch {})\n\n| layer | op | forward, µs | backward, µs | share |\n|---|---|---|---|---|\n",
            result.name, result.about, result.batch_size
        );
        let us = |value: &serde_json::Value| value.as_f64().unwrap_or_default() * 1e3;
        let mut rows: Vec<(String, String, f64, f64)> = profile["ops"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|op| {
                let node = result.nodes.iter().find(|(id, _)| op["node"] == *id);
                let node = node.map_or_else(String::new, |(_, name)| name.clone());
                (
                    node,
                    op["op"].as_str().unwrap_or_default().to_owned(),
                    us(&op["forward_ms"]),
                    us(&op["backward_ms"]),
                )
            })
            .collect();
        rows.push((
            "all parameters".to_owned(),
            "optimizer".to_owned(),
            0.0,
            us(&profile["optimizer_ms"]),
        ));
        rows.push((
            "between the ops".to_owned(),
            String::new(),
            us(&profile["between_ms"]),
            0.0,
        ));
        let total_us: f64 = rows
            .iter()
            .map(|(.., forward, backward)| forward + backward)
            .sum();
        rows.sort_by(|a, b| (b.2 + b.3).total_cmp(&(a.2 + a.3)));
        for (node, op, forward, backward) in rows {
            let share = 100.0 * (forward + backward) / total_us;
            let _ = writeln!(
                text,
                "| {node} | {op} | {forward:.1} | {backward:.1} | {share:.1} % |"
            );
        }
        text.push('\n');
    }
    text
}

/// Replaces the text between the two lines of `document` that mark `section`.
pub fn replace_section(document: &str, section: &str, body: &str) -> Result<String> {
    let (begin, end) = (
        format!("<!-- {section}: begin -->"),
        format!("<!-- {section}: end -->"),
    );
    let parts = document
        .split_once(&begin)
        .and_then(|(before, rest)| Some((before, rest.split_once(&end)?.1)));
    let Some((before, after)) = parts else {
        bail!("it has no lines `{begin}` and `{end}`, between which the measured tables go");
    };
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", body.trim()))
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn tables_have_a_row_per_workload_and_only_columns_that_are_filled() {
        let mut other = example();
        other.name = "mine".to_owned();
        other.entrants.truncate(2);
        let text = tables(&[example(), other]);
        assert!(
            text.contains("| workload | page, reproducible | natively | TF.js expert, wasm |\n"),
            "{text}"
        );
        assert!(
            text.contains("| W1 | 100 (75 %) | 200 (75 %) | 75.0 (33 %) |"),
            "{text}"
        );
        assert!(text.contains("| mine | 100 (75 %) | 200 (75 %) | — |"), "{text}");
        assert!(text.contains("2.00 (2.00 to 2.00; goal 10, missed)"), "{text}");
        assert!(text.contains("| W1 | 10.0 % | 5.0 % | 7.5 % |"), "{text}");
        assert!(
            text.contains("same bits (2)") && text.contains("1e-4 (2)"),
            "{text}"
        );
        assert!(
            !text.contains("WebGPU") && !text.contains("took a place"),
            "{text}"
        );
    }

    #[test]
    fn a_workload_of_ones_own_has_no_goal() {
        let mut result = example();
        result.name = "mine".to_owned();
        assert!(!tables(&[result]).contains("goal "));
    }

    #[test]
    fn notes_are_told() {
        let mut result = example();
        result.notes.push("TF.js stock (wasm): no kernel".to_owned());
        assert!(tables(&[result]).contains("- W1: TF.js stock (wasm): no kernel\n"));
    }

    #[test]
    fn profiles_name_layers_and_add_up() {
        let text = profiles(&[example()]);
        assert!(
            text.contains("| dense | linear | 250.0 | 500.0 | 75.0 % |"),
            "{text}"
        );
        assert!(
            text.contains("| all parameters | optimizer | 0.0 | 125.0 | 12.5 % |"),
            "{text}"
        );
        assert!(text.starts_with("**W1** (text-gap: small; batch 64)"), "{text}");
    }

    #[test]
    fn only_the_marked_section_of_a_document_changes() {
        let document = "top\n<!-- full: begin -->\nold\n<!-- full: end -->\n<!-- quick: begin --><!-- quick: end -->\nend";
        let once = replace_section(document, "full", "new\n").unwrap();
        assert_eq!(
            once,
            "top\n<!-- full: begin -->\nnew\n\n<!-- full: end -->\n<!-- quick: begin --><!-- quick: end -->\nend"
        );
        // Writing again changes nothing.
        assert_eq!(replace_section(&once, "full", "new\n").unwrap(), once);
        let error = replace_section(document, "slow", "new").unwrap_err().to_string();
        assert!(error.contains("<!-- slow: begin -->"), "{error}");
    }
}
