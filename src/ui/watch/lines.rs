//! Conversion of a run's history to the lines of the charts.

use std::collections::BTreeSet;
use std::{any::Any, cell::Cell, rc::Rc};

use mtl_engine::metrics::Metric;
use mtl_training::protocol::{Evaluation, Split};

use super::tables::TaskLine;
use crate::{
    i18n::{Lang, panels::T},
    state::{
        Store,
        history::{HistoryStore, RunHistory, split_idx},
        task_letter, task_rgb,
    },
    ui::charts::{ChartData, ChartSource, Series, smooth, thin},
};

/// Number of columns to which a line is thinned; a chart is rarely wider.
const N_COLUMNS: usize = 800;

/// Settings of the charts.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchOptions {
    /// Weight of the past in the smoothed training loss, 0 to 0.99.
    pub smoothing: f64,
    /// Whether the x axis is training time; otherwise steps.
    pub time_axis: bool,
    /// Whether the loss axis is logarithmic.
    pub log_loss: bool,
    /// Tasks whose lines are hidden.
    pub hidden: BTreeSet<usize>,
    /// The metric of each task that is drawn.
    pub metrics: Vec<Metric>,
    /// The labels that the metrics were chosen for.
    pub labels: Vec<String>,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            smoothing: 0.8,
            time_axis: false,
            log_loss: false,
            hidden: BTreeSet::new(),
            metrics: Vec::new(),
            labels: Vec::new(),
        }
    }
}

/// Inputs of both charts.
#[derive(Clone)]
pub struct Lines {
    pub history: Rc<HistoryStore>,
    pub options: Store<WatchOptions>,
    pub tasks: Rc<Vec<TaskLine>>,
    pub dark: Store<bool>,
    /// Language of the labels.
    pub lang: Lang,
}

impl Lines {
    fn label(&self, task_idx: usize, what: &str) -> String {
        let name = self.tasks.get(task_idx).map_or("", |task| &task.name);
        format!("{} {name} · {what}", task_letter(task_idx))
    }

    fn shown_tasks<'a>(&'a self, options: &'a WatchOptions) -> impl Iterator<Item = usize> + 'a {
        (0..self.tasks.len()).filter(|task_idx| !options.hidden.contains(task_idx))
    }

    fn rgb(&self, task_idx: usize) -> (u8, u8, u8) {
        task_rgb(task_idx, *self.dark.get()).into()
    }

    /// Validation (dashed) or training figures of the evaluations.
    fn evaluated(
        &self,
        history: &RunHistory,
        options: &WatchOptions,
        task_idx: usize,
        validation: bool,
        value: impl Fn(&Evaluation) -> Option<f64>,
    ) -> Series {
        let split = if validation {
            Split::Validation
        } else {
            Split::Train
        };
        let evaluations = &history.evaluations[split_idx(split)];
        let points = evaluations
            .iter()
            .filter_map(|evaluation| {
                let x = if options.time_axis {
                    evaluation.elapsed_ms
                } else {
                    evaluation.step as f64
                };
                Some((x, value(evaluation)?))
            })
            .collect();
        let what = if validation {
            T.validation_rows
        } else {
            T.train_rows
        };
        Series {
            label: self.label(task_idx, what.get(self.lang)),
            rgb: self.rgb(task_idx),
            dashed: validation,
            marked: evaluations.len() <= 60,
            faint: false,
            points,
        }
    }

    fn on_change(&self, of_history: Rc<dyn Fn()>, on_change: Rc<dyn Fn()>) -> Box<dyn Any> {
        let (of_options, of_theme) = (Rc::clone(&on_change), on_change);
        Box::new((
            self.history.subscribe(move || of_history()),
            self.options.subscribe(move |_| of_options()),
            self.dark.subscribe(move |_| of_theme()),
        ))
    }
}

/// The training loss of a task against steps or time, without the points where no row was labelled.
fn loss_points(history: &RunHistory, task_idx: usize, time_axis: bool) -> Vec<(f64, f64)> {
    let x = if time_axis {
        &history.elapsed_ms
    } else {
        &history.step
    };
    let Some(task) = history.tasks.get(task_idx) else {
        return Vec::new();
    };
    x.iter()
        .zip(&task.loss)
        .filter(|(_, loss)| loss.is_finite())
        .map(|(x, loss)| (*x, f64::from(*loss)))
        .collect()
}

/// The loss of every task: training raw and smoothed, validation dashed.
pub struct LossLines(pub Lines);

impl ChartSource for LossLines {
    fn data(&self) -> ChartData {
        let lines = &self.0;
        let options = lines.options.get();
        let history = lines.history.borrow();
        let mut series = Vec::new();
        for task_idx in lines.shown_tasks(&options) {
            let raw = thin(&loss_points(&history, task_idx, options.time_axis), N_COLUMNS);
            let smoothed = smooth(&raw, options.smoothing);
            let label = lines.label(task_idx, T.training_loss.get(lines.lang));
            let line = |points, faint| Series {
                label: label.clone(),
                rgb: lines.rgb(task_idx),
                dashed: false,
                marked: false,
                faint,
                points,
            };
            if options.smoothing > 0.0 {
                series.push(line(raw, true));
            }
            series.push(line(smoothed, false));
            series.push(lines.evaluated(&history, &options, task_idx, true, |evaluation| {
                evaluation.losses.get(task_idx).copied().flatten()
            }));
        }
        ChartData {
            series,
            log_y: options.log_loss,
            time_axis: options.time_axis,
            zoom: None,
            value_bounds: None,
        }
    }

    fn subscribe(&self, on_change: Rc<dyn Fn()>) -> Box<dyn Any> {
        self.0.on_change(Rc::clone(&on_change), on_change)
    }
}

/// The chosen metric of every task: validation dashed, training solid.
pub struct MetricLines(pub Lines);

impl ChartSource for MetricLines {
    fn data(&self) -> ChartData {
        let lines = &self.0;
        let options = lines.options.get();
        let history = lines.history.borrow();
        let mut series = Vec::new();
        for task_idx in lines.shown_tasks(&options) {
            let Some(&metric) = options.metrics.get(task_idx) else {
                continue;
            };
            for validation in [false, true] {
                let mut line = lines.evaluated(&history, &options, task_idx, validation, |evaluation| {
                    evaluation.tasks.get(task_idx)?.get(metric)
                });
                line.label = format!("{} ({})", line.label, metric.label().get(lines.lang));
                series.push(line);
            }
        }
        ChartData {
            series,
            log_y: false,
            time_axis: options.time_axis,
            zoom: None,
            value_bounds: None,
        }
    }

    /// Losses arrive twenty times a second, evaluations once per epoch: this chart is drawn for evaluations only.
    fn subscribe(&self, on_change: Rc<dyn Fn()>) -> Box<dyn Any> {
        let drawn = Cell::new(None);
        let (history, changed) = (Rc::clone(&self.0.history), Rc::clone(&on_change));
        let on_evaluation = Rc::new(move || {
            let now = history.borrow().evaluations_version;
            if drawn.replace(Some(now)) != Some(now) {
                changed();
            }
        });
        self.0.on_change(on_evaluation, on_change)
    }
}
