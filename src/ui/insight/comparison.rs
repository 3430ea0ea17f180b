//! Shared or alone: the difference that sharing makes for each task.

use std::{any::Any, rc::Rc};

use js_sys::Uint8Array;
use mtl_engine::metrics::{Direction, Metric};
use mtl_training::protocol::{Differences, MAX_SEEDS, Phase, Variant, Verdict};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::sentence;
use crate::{
    i18n::{Lang, fill, format, insight::T, use_lang},
    state::{Store, insight::ComparisonState, task_color, task_rgb, use_playground, use_selected, use_store},
    ui::{
        charts::{ChartData, ChartSource, LineChart, Series},
        watch::task_tag,
    },
    web::files,
};

/// Seeds of a first comparison: the fewest that tell a spread with some sense.
const DEFAULT_SEEDS: u32 = 3;

/// The view.
#[component]
pub fn ComparisonView() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let comparison = use_store(&playground.comparison);
    let n_tasks = use_selected(&playground.checked, |checked| checked.tasks.len());
    let phase = use_selected(&playground.status, |status| status.phase);
    // They decide whether the subject has changed.
    let _ = (
        use_store(&playground.document),
        use_store(&playground.settings),
        use_selected(&playground.data, |data| data.source.clone()),
    );
    let n_seeds = use_state_eq(|| DEFAULT_SEEDS);
    let on_seeds = {
        let n_seeds = n_seeds.clone();
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let typed = input.value().trim().parse().unwrap_or(DEFAULT_SEEDS);
            n_seeds.set(typed.clamp(1, MAX_SEEDS));
            input.set_value(&typed.clamp(1, MAX_SEEDS).to_string());
        })
    };
    let on_start = {
        let (this, n_seeds, is_running) = (playground.clone(), *n_seeds, comparison.is_running);
        Callback::from(move |_: MouseEvent| {
            let playground = this.rc();
            this.attempt(async move {
                if is_running {
                    playground.stop_comparing().await
                } else {
                    playground.compare(n_seeds).await
                }
            });
        })
    };
    let has_changed = comparison
        .subject
        .as_ref()
        .is_some_and(|subject| **subject != playground.subject());
    let label = if comparison.is_running {
        T.stop
    } else if comparison.runs.is_empty() {
        T.start
    } else {
        T.start_again
    };
    html! {
        <div class="figures-view insight" id="comparison" tabindex="0" aria-label={T.compare.get(lang)}>
            { sentences(&comparison, n_tasks, lang) }
            <p class="insight-bar">
                <label class="inline" title={fill(T.seeds_hint, lang, &[&MAX_SEEDS])}>
                    { T.seeds.get(lang) }
                    <input type="number" id="comparison-seeds" min="1" max={MAX_SEEDS.to_string()} value={n_seeds.to_string()} onchange={on_seeds}
                        disabled={comparison.is_running} />
                </label>
                <button type="button" class="button button-primary" id="compare" onclick={on_start} title={T.compare_about.get(lang)}
                    disabled={n_tasks < 2 && !comparison.is_running}>
                    { label.get(lang) }
                </button>
                { progress(&comparison, phase == Phase::Running, lang) }
            </p>
            if !comparison.runs.is_empty() {
                { table(&comparison, lang) }
                <Curves lang={lang} />
                <p class="hint">
                    { fill(T.of_design, lang, &[&comparison.design]) }{ " " }
                    if has_changed { <strong id="comparison-outdated">{ T.changed.get(lang) }</strong>{ " " } }
                    if comparison.was_stopped { { T.stopped.get(lang) }{ " " } }
                    if comparison.n_diverged() > 0 { { fill(T.diverged, lang, &[&comparison.n_diverged()]) }{ " " } }
                    { T.more_parameters.get(lang) }{ " " }
                    <button type="button" class="button button-small" onclick={save_csv(&comparison)}>{ T.save_csv.get(lang) }</button>
                </p>
            }
            <p class="hint">{ T.compare_about.get(lang) }</p>
        </div>
    }
}

fn save_csv(comparison: &Rc<ComparisonState>) -> Callback<MouseEvent> {
    let comparison = comparison.clone();
    Callback::from(move |_| {
        // Only a browser without downloads refuses, and there is nobody to tell.
        let bytes = Uint8Array::from(comparison.csv().as_bytes()).buffer();
        let _ = files::blob("text/csv", &[bytes]).and_then(|blob| files::save("comparison.csv", &blob));
    })
}

/// What is seen now.
fn sentences(comparison: &ComparisonState, n_tasks: usize, lang: Lang) -> Html {
    let told: Vec<String> = (0..comparison.tasks.len())
        .filter_map(|task| Some(verdict(comparison, task, &comparison.differences(task)?, lang)))
        .collect();
    let first = if n_tasks < 2 && comparison.tasks.is_empty() {
        T.one_task.get(lang)
    } else {
        T.nothing_yet.get(lang)
    };
    html! {
        <div class="insight-says" id="comparison-says" role="status">
            if told.is_empty() {
                <p>{ first }</p>
            }
            { for told.iter().map(|text| html! { <p>{ sentence(text) }</p> }) }
        </div>
    }
}

fn verdict(comparison: &ComparisonState, task: usize, found: &Differences, lang: Lang) -> String {
    let Some(about) = comparison.tasks.get(task) else {
        return String::new();
    };
    let unit = unit(about.metric, lang);
    let text = match found.verdict {
        Verdict::Helps => T.helps,
        Verdict::Hurts => T.hurts,
        Verdict::NoDifference => T.no_difference,
        Verdict::OneSeed => T.one_seed,
    };
    let size = match found.verdict {
        Verdict::Helps | Verdict::Hurts => amount(found.mean.abs(), about.metric),
        Verdict::NoDifference | Verdict::OneSeed => signed(found.mean, about.metric),
    };
    let spread = amount(found.spread, about.metric);
    fill(text, lang, &[&about.name, &size, &unit, &found.n_seeds, &spread])
}

/// Whether a metric is a share, told in points of a hundred.
const fn is_share(metric: Metric) -> bool {
    !matches!(metric, Metric::Rmse | Metric::Mae | Metric::LogLoss)
}

fn unit(metric: Metric, lang: Lang) -> String {
    let unit = if is_share(metric) { T.points } else { T.units };
    fill(unit, lang, &[&metric.label().get(lang)])
}

fn amount(value: f64, metric: Metric) -> String {
    if is_share(metric) {
        format!("{:.1}", 100.0 * value)
    } else {
        format::figure(value)
    }
}

fn signed(value: f64, metric: Metric) -> String {
    let sign = if value < 0.0 { "−" } else { "+" };
    format!("{sign}{}", amount(value.abs(), metric))
}

fn progress(comparison: &ComparisonState, run_trains: bool, lang: Lang) -> Html {
    if !comparison.is_running {
        return html! {};
    }
    let n_runs = comparison.n_runs();
    let epochs = comparison.epochs.max(1) as usize;
    let done: usize = comparison
        .runs
        .iter()
        .map(|run| if run.diverged { epochs } else { run.epochs.len() })
        .sum();
    let (index, variant, seed, epoch) = match comparison.runs.last() {
        Some(run) if run.epochs.len() < epochs && !run.diverged => {
            (comparison.runs.len(), run.variant, run.seed, run.epochs.len() + 1)
        }
        _ => {
            let place = comparison.runs.len();
            let n_variants = comparison.tasks.len() + 1;
            let variant = match place % n_variants {
                0 => Variant::Shared,
                task => Variant::Alone { task: task - 1 },
            };
            let seed = comparison.seeds.get(place / n_variants).copied().unwrap_or(0);
            ((place + 1).min(n_runs), variant, seed, 1)
        }
    };
    let what = match variant {
        Variant::Shared => T.shared.get(lang).to_owned(),
        Variant::Alone { task } => {
            let name = comparison.tasks.get(task).map_or("", |task| &task.name);
            fill(T.alone, lang, &[&name])
        }
    };
    html! {
        <span class="insight-progress" id="comparison-progress">
            <progress max="1" value={(done as f64 / (n_runs * epochs).max(1) as f64).to_string()} aria-label={T.compare.get(lang)} />
            { fill(T.progress, lang, &[&index, &n_runs, &what, &seed, &epoch, &comparison.epochs]) }
            if run_trains { <strong>{ " " }{ T.waits.get(lang) }</strong> }
        </span>
    }
}

fn table(comparison: &ComparisonState, lang: Lang) -> Html {
    let found: Vec<Option<Differences>> = (0..comparison.tasks.len())
        .map(|task| comparison.differences(task))
        .collect();
    // Bars of all shares are on one scale; another metric has its own.
    let reach = |metric: Metric| {
        let same = |other: Metric| other == metric || (is_share(other) && is_share(metric));
        comparison
            .tasks
            .iter()
            .zip(&found)
            .filter(|(task, _)| same(task.metric))
            .filter_map(|(_, found)| found.as_ref().map(|found| found.mean.abs() + found.spread))
            .fold(1e-9, f64::max)
    };
    html! {
        <table class="metrics insight-table" id="comparison-table">
            <thead>
                <tr>
                    <th scope="col">{ T.task.get(lang) }</th>
                    <th scope="col">{ T.shared.get(lang) }</th>
                    <th scope="col">{ T.alone_short.get(lang) }</th>
                    <th scope="col" class="insight-bars">{ T.difference.get(lang) }</th>
                    <th scope="col">{ T.seeds.get(lang) }</th>
                    <th scope="col">{ T.parameters.get(lang) }</th>
                </tr>
            </thead>
            <tbody>
                { for comparison.tasks.iter().enumerate().map(|(task_idx, task)| {
                    let last = |shared| comparison.curve(task_idx, shared).last().map(|(_, score)| *score);
                    let cell = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
                    html! {
                        <tr key={task_idx}>
                            <th scope="row">
                                { task_tag(task_idx, &task.name) }{ " " }{ task.metric.label().get(lang) }
                                { match task.metric.direction() { Direction::HigherIsBetter => " ↑", Direction::LowerIsBetter => " ↓" } }
                            </th>
                            <td>{ cell(last(true)) }</td>
                            <td>{ cell(last(false)) }</td>
                            <td class="insight-bars">
                                { match &found[task_idx] {
                                    Some(found) => bar(task_idx, &task.name, found, task.metric, reach(task.metric), lang),
                                    None => html! { "–" },
                                } }
                            </td>
                            <td>{ found[task_idx].as_ref().map_or(0, |found| found.n_seeds) }</td>
                            <td>{ format::count(task.shared_parameters as u64) }{ " / " }{ format::count(task.alone_parameters as u64) }</td>
                        </tr>
                    }
                }) }
            </tbody>
        </table>
    }
}

/// A bar from 0, to the right when the task is better shared, with its spread as a line.
fn bar(task_idx: usize, name: &str, found: &Differences, metric: Metric, reach: f64, lang: Lang) -> Html {
    let percent = |value: f64| 50.0 + 50.0 * (value / reach).clamp(-1.0, 1.0);
    let (from, to) = (percent(found.mean.min(0.0)), percent(found.mean.max(0.0)));
    let (low, high) = (
        percent(found.mean - found.spread),
        percent(found.mean + found.spread),
    );
    let figure = signed(found.mean, metric);
    let label = fill(
        T.difference_bar,
        lang,
        &[&name, &figure, &amount(found.spread, metric)],
    );
    html! {
        <span class="insight-bar-row">
            <span class="insight-track" role="img" aria-label={label} ~style={format!("--task: {}", task_color(task_idx))}>
                <span class="insight-fill" ~style={format!("left: {from:.2}%; width: {:.2}%", to - from)}></span>
                <span class="insight-spread" ~style={format!("left: {low:.2}%; width: {:.2}%", high - low)}></span>
            </span>
            <b class="insight-figure">{ figure }</b>
        </span>
    }
}

#[derive(Properties, PartialEq)]
struct CurvesProps {
    lang: Lang,
}

/// The scores over the epochs.
#[component]
fn Curves(props: &CurvesProps) -> Html {
    let playground = use_playground();
    let lang = props.lang;
    let source = use_memo(lang, |lang| {
        let source: Rc<dyn ChartSource> = Rc::new(CurveLines {
            comparison: playground.comparison.clone(),
            dark: playground.dark.clone(),
            lang: *lang,
        });
        source
    });
    html! {
        <figure class="insight-chart">
            <figcaption>{ T.curves.get(lang) }</figcaption>
            <LineChart source={(*source).clone()} label={T.curves.get(lang)} empty={T.no_curve.get(lang)} />
        </figure>
    }
}

struct CurveLines {
    comparison: Store<ComparisonState>,
    dark: Store<bool>,
    lang: Lang,
}

impl ChartSource for CurveLines {
    fn data(&self) -> ChartData {
        let comparison = self.comparison.get();
        let mut series = Vec::new();
        for (task_idx, task) in comparison.tasks.iter().enumerate() {
            for shared in [true, false] {
                let what = if shared { T.shared } else { T.alone_short };
                series.push(Series {
                    label: format!("{} · {}", task.name, what.get(self.lang)),
                    rgb: task_rgb(task_idx, *self.dark.get()).into(),
                    dashed: !shared,
                    marked: true,
                    faint: false,
                    points: comparison.curve(task_idx, shared),
                });
            }
        }
        ChartData {
            series,
            ..ChartData::default()
        }
    }

    fn subscribe(&self, on_change: Rc<dyn Fn()>) -> Box<dyn Any> {
        let of_theme = Rc::clone(&on_change);
        Box::new((
            self.comparison.subscribe(move |_| on_change()),
            self.dark.subscribe(move |_| of_theme()),
        ))
    }
}
