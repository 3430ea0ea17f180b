//! Tables of the latest evaluations: every metric per task and split, beside the baselines; and the
//! confusion matrices.

use std::rc::Rc;

use mtl_engine::metrics::{ConfusionMatrix, Direction, Metric, TaskMetrics, overall};
use mtl_training::protocol::{Evaluation, LabelBaselines, Split};
use yew::prelude::*;

use crate::{
    i18n::{Lang, Text, fill, format::count, panels::T},
    state::{task_color, task_letter},
    ui::charts::format_value,
};

/// A confusion matrix is drawn up to this many classes.
const MAX_CONFUSION_CLASSES: usize = 24;

/// A task, as the tables need it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskLine {
    pub name: String,
    /// Key of its label: baselines are by label.
    pub label: String,
    /// Weight of its loss.
    pub weight: f32,
    /// Names of its classes in the page's language; empty for a real label.
    pub classes: Vec<String>,
}

/// The newest evaluation of each split.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Newest {
    /// Training rows.
    pub train: Option<Rc<Evaluation>>,
    /// Validation rows.
    pub validation: Option<Rc<Evaluation>>,
    /// Test rows; `None` until requested.
    pub test: Option<Rc<Evaluation>>,
}

impl Newest {
    /// Whether these are the same evaluations, by identity.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |a: &Option<Rc<Evaluation>>, b: &Option<Rc<Evaluation>>| match (a, b) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same(&self.train, &other.train)
            && same(&self.validation, &other.validation)
            && same(&self.test, &other.test)
    }

    fn columns(&self) -> impl Iterator<Item = (Text, &Evaluation)> {
        [
            (T.train_rows, &self.train),
            (T.validation_rows, &self.validation),
            (T.test_rows, &self.test),
        ]
        .into_iter()
        .filter_map(|(name, evaluation)| evaluation.as_deref().map(|evaluation| (name, evaluation)))
    }
}

/// The letter and name of a task in its colour.
pub fn task_tag(task_idx: usize, name: &str) -> Html {
    html! {
        <span class="task-tag" ~style={format!("--task: {}", task_color(task_idx))}>
            <span class="task-letter" aria-hidden="true">{ task_letter(task_idx) }</span>{ name }
        </span>
    }
}

/// A metric's value, or "undefined".
pub fn metric_text(value: Option<f64>, lang: Lang) -> Html {
    match value {
        // Values in a column have the same number of decimals.
        Some(value) if value.abs() < 10.0 => html! { { format!("{value:.4}") } },
        Some(value) => html! { { format_value(value) } },
        None => {
            html! { <span class="undefined" title={T.undefined_hint.get(lang)}>{ T.undefined.get(lang) }</span> }
        }
    }
}

/// A metric of a task: its value and, for a mean over classes or labels of which some are undefined, the number of defined ones.
fn metric_cell(metrics: &TaskMetrics, metric: Metric, lang: Lang) -> Html {
    let averaged = metrics
        .averaged(metric)
        .map(|averaged| (averaged.n_defined, averaged.n));
    html! { <>{ mean_of_some(averaged, T.mean_of_some_hint, lang) }{ metric_text(metrics.get(metric), lang) }</> }
}

/// "k of n" before a mean of k out of n values; empty if all or none are defined.
fn mean_of_some(averaged: Option<(usize, usize)>, hint: Text, lang: Lang) -> Html {
    match averaged {
        Some((n_defined, n)) if 0 < n_defined && n_defined < n => html! {
            <span class="mean-of-some" title={fill(hint, lang, &[&n_defined, &n])}>{ fill(T.mean_of_some, lang, &[&n_defined, &n]) }</span>
        },
        _ => html! {},
    }
}

/// One table per task: metrics down, splits and baselines across.
pub fn metrics_tables(tasks: &[TaskLine], newest: &Newest, baselines: &[LabelBaselines], lang: Lang) -> Html {
    html! {
        <div class="metric-tables">
            { for tasks.iter().enumerate().map(|(task_idx, task)| metrics_table(task_idx, task, newest, baselines, lang)) }
            { overall_table(tasks, newest, lang) }
        </div>
    }
}

/// The split that baselines are compared on: the test rows once they have been evaluated, else the validation rows.
fn compared_split(newest: &Newest) -> Split {
    if newest.test.is_some() {
        Split::Test
    } else {
        Split::Validation
    }
}

fn metrics_table(
    task_idx: usize,
    task: &TaskLine,
    newest: &Newest,
    baselines: &[LabelBaselines],
    lang: Lang,
) -> Html {
    let columns: Vec<(Text, &Evaluation, &TaskMetrics)> = newest
        .columns()
        .filter_map(|(name, evaluation)| {
            evaluation
                .tasks
                .get(task_idx)
                .map(|metrics| (name, evaluation, metrics))
        })
        .collect();
    let Some((_, _, first)) = columns.first() else {
        return html! {};
    };
    let split = compared_split(newest);
    let baselines: Vec<_> = baselines
        .iter()
        .filter(|baselines| baselines.label == task.label && baselines.split == split)
        .flat_map(|baselines| &baselines.methods)
        .collect();
    html! {
        <table class="metrics">
            <caption>{ task_tag(task_idx, &task.name) }</caption>
            <thead>
                <tr>
                    <th scope="col">{ T.metric.get(lang) }</th>
                    { for columns.iter().map(|(name, evaluation, metrics)| html! {
                        <th scope="col" title={fill(T.rows_at_step, lang, &[&count(metrics.n as u64), &count(evaluation.step)])}>{ name.get(lang) }</th>
                    }) }
                    { for baselines.iter().map(|(method, _)| html! {
                        <th scope="col" class="baseline" title={fill(T.baseline_hint, lang, &[&split_name(split).get(lang)])}>{ method.label().get(lang) }</th>
                    }) }
                </tr>
            </thead>
            <tbody>
                <tr>
                    <th scope="row">{ T.loss.get(lang) }</th>
                    { for columns.iter().map(|(_, evaluation, _)| html! {
                        <td>{ metric_text(evaluation.losses.get(task_idx).copied().flatten(), lang) }</td>
                    }) }
                    { for baselines.iter().map(|_| html! { <td class="baseline">{ "·" }</td> }) }
                </tr>
                { for first.values.iter().map(|&(metric, _)| {
                    let arrow = match metric.direction() {
                        Direction::HigherIsBetter => "↑",
                        Direction::LowerIsBetter => "↓",
                    };
                    html! {
                        <tr>
                            <th scope="row" title={metric.help().get(lang)}>{ metric.label().get(lang) }<span class="arrow" aria-hidden="true">{ arrow }</span></th>
                            { for columns.iter().map(|(_, _, metrics)| html! { <td>{ metric_cell(metrics, metric, lang) }</td> }) }
                            { for baselines.iter().map(|(_, reached)| html! { <td class="baseline">{ metric_cell(reached, metric, lang) }</td> }) }
                        </tr>
                    }
                }) }
            </tbody>
        </table>
    }
}

/// Name of a split.
pub fn split_name(split: Split) -> Text {
    match split {
        Split::Train => T.train_rows,
        Split::Validation => T.validation_rows,
        Split::Test => T.test_rows,
    }
}

/// Mean and weighted mean over the tasks of the metrics that all of them have.
fn overall_table(tasks: &[TaskLine], newest: &Newest, lang: Lang) -> Html {
    let columns: Vec<(Text, &Evaluation)> = newest.columns().collect();
    let Some((_, first)) = columns.first() else {
        return html! {};
    };
    let common: Vec<Metric> = Metric::ALL
        .iter()
        .copied()
        .filter(|metric| {
            first.tasks.len() > 1
                && first
                    .tasks
                    .iter()
                    .all(|task| task.values.iter().any(|(name, _)| name == metric))
        })
        .collect();
    if common.is_empty() {
        return html! {};
    }
    let mean_of = |evaluation: &Evaluation, metric: Metric| {
        overall(
            evaluation
                .tasks
                .iter()
                .zip(tasks)
                .map(|(metrics, task)| (metrics.get(metric), f64::from(task.weight))),
        )
    };
    html! {
        <table class="metrics">
            <caption>{ T.overall.get(lang) }</caption>
            <thead>
                <tr>
                    <th scope="col">{ T.metric.get(lang) }</th>
                    { for columns.iter().map(|(name, _)| html! {
                        <>
                            <th scope="col">{ format!("{} · {}", name.get(lang), T.mean.get(lang)) }</th>
                            <th scope="col">{ format!("{} · {}", name.get(lang), T.weighted.get(lang)) }</th>
                        </>
                    }) }
                </tr>
            </thead>
            <tbody>
                { for common.into_iter().map(|metric| html! {
                    <tr>
                        <th scope="row" title={metric.help().get(lang)}>{ metric.label().get(lang) }</th>
                        { for columns.iter().map(|(_, evaluation)| {
                            let means = mean_of(evaluation, metric);
                            let cell = |value| html! {
                                <td>{ mean_of_some(Some((means.n_tasks, evaluation.tasks.len())), T.mean_of_tasks_hint, lang) }{ metric_text(value, lang) }</td>
                            };
                            html! { <>{ cell(means.mean) }{ cell(means.weighted_mean) }</> }
                        }) }
                    </tr>
                }) }
            </tbody>
        </table>
    }
}

/// Per class figures and the confusion matrix of one task.
pub fn classes_view(task_idx: usize, task: &TaskLine, metrics: &TaskMetrics, lang: Lang) -> Html {
    let style = format!("--task: {}", task_color(task_idx));
    let Some(confusion) = &metrics.confusion else {
        return if metrics.per_class.is_empty() {
            html! { <p class="hint">{ fill(T.no_confusion, lang, &[&task.name]) }</p> }
        } else {
            html! { <div class="confusion-view" ~{style}>{ classes_table(task_idx, task, metrics, T.per_label, lang) }</div> }
        };
    };
    if confusion.n_classes > MAX_CONFUSION_CLASSES {
        return html! { <p class="hint">{ fill(T.confusion_too_large, lang, &[&confusion.n_classes, &MAX_CONFUSION_CLASSES]) }</p> };
    }
    html! {
        <div class="confusion-view" ~{style}>
            { confusion_table(task_idx, task, confusion, lang) }
            { classes_table(task_idx, task, metrics, T.per_class, lang) }
        </div>
    }
}

/// Name of a class or label; its index if it has none.
fn class_name(task: &TaskLine, class: usize) -> String {
    task.classes
        .get(class)
        .cloned()
        .unwrap_or_else(|| class.to_string())
}

/// The metrics of each class or label.
fn classes_table(task_idx: usize, task: &TaskLine, metrics: &TaskMetrics, caption: Text, lang: Lang) -> Html {
    let headings = [
        T.class,
        Metric::Precision.label(),
        Metric::Recall.label(),
        Metric::F1.label(),
        Metric::Auc.label(),
        T.support,
    ];
    html! {
        <table class="metrics">
            <caption>{ task_tag(task_idx, &task.name) }{ " · " }{ caption.get(lang) }</caption>
            <thead>
                <tr>
                    { for headings.iter().map(|heading| html! { <th scope="col">{ heading.get(lang) }</th> }) }
                </tr>
            </thead>
            <tbody>
                { for metrics.per_class.iter().enumerate().map(|(class, figures)| html! {
                    <tr>
                        <th scope="row">{ class_name(task, class) }</th>
                        { for [figures.precision, figures.recall, figures.f1, figures.auc].map(|value| html! {
                            <td>{ metric_text(value, lang) }</td>
                        }) }
                        <td>{ count(figures.support) }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}

fn confusion_table(task_idx: usize, task: &TaskLine, confusion: &ConfusionMatrix, lang: Lang) -> Html {
    let name = |class: usize| class_name(task, class);
    let n_classes = confusion.n_classes;
    html! {
        <table class="confusion">
            <caption>{ task_tag(task_idx, &task.name) }{ " " }<span class="hint">{ T.confusion_hint.get(lang) }</span></caption>
            <thead>
                <tr>
                    <th scope="col">{ T.true_class.get(lang) }</th>
                    { for (0..n_classes).map(|predicted| html! { <th scope="col">{ name(predicted) }</th> }) }
                </tr>
            </thead>
            <tbody>
                { for (0..n_classes).map(|truth| {
                    let total = (0..n_classes).map(|predicted| confusion.count(truth, predicted)).sum::<u64>().max(1);
                    html! {
                        <tr>
                            <th scope="row">{ name(truth) }</th>
                            { for (0..n_classes).map(|predicted| {
                                let n = confusion.count(truth, predicted);
                                let share = n as f64 / total as f64;
                                let class = if truth == predicted { "right" } else { "wrong" };
                                html! {
                                    <td {class} ~style={format!("--share:{:.1}%", share * 85.0)}
                                        title={fill(T.confusion_cell, lang, &[&name(truth), &name(predicted), &count(n), &format!("{:.1}", share * 100.0)])}>
                                        { count(n) }
                                    </td>
                                }
                            }) }
                        </tr>
                    }
                }) }
            </tbody>
        </table>
    }
}
