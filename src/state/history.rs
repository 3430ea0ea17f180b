//! The history of a run: losses of every task over time, and evaluations.
//!
//! The worker sends twenty reports a second, which must not cause rendering. They are kept here, in bounded
//! memory; subscribers are called once on the next animation frame, however many reports have arrived.
//!
//! Losses: a point is the mean of `stride` reports. When [`MAX_POINTS`] are full, neighbours are merged in pairs and
//! `stride` doubles, so that a run of any length has between half of that and all of it, evenly spread, and a frame never costs
//! more than the frame before.
//!
//! Evaluations: when there are [`MAX_EVALUATIONS`] of a split, every second of the older ones is dropped.

use std::{
    cell::{Cell, Ref, RefCell},
    rc::Rc,
};

use mtl_training::protocol::{Evaluation, Progress, Split};
use wasm_bindgen::{JsCast, closure::Closure};
use yew::prelude::*;

use super::store::Subscription;

/// Most points of a series.
pub const MAX_POINTS: usize = 2048;
/// Most evaluations per split.
pub const MAX_EVALUATIONS: usize = 512;

/// Losses over time, column by column: entry `i` of each column belongs to point `i`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunHistory {
    /// Steps done.
    pub step: Vec<f64>,
    /// Epochs done, including the fraction of the current one.
    pub epoch: Vec<f64>,
    /// Time spent training, in milliseconds.
    pub elapsed_ms: Vec<f64>,
    /// Learning rate.
    pub learning_rate: Vec<f32>,
    /// Penalty of the regularisers.
    pub penalty: Vec<f32>,
    /// Series of the tasks.
    pub tasks: Vec<TaskSeries>,
    /// Evaluations, oldest first: on the training rows, the validation rows, the test rows.
    pub evaluations: [Vec<Rc<Evaluation>>; 3],
    /// The latest report.
    pub latest: Option<Progress>,
    /// Incremented with every change.
    pub version: u64,
    /// Incremented when the evaluations change.
    pub evaluations_version: u64,
    /// Reports in one point.
    stride: u32,
    /// Reports in the last point.
    n_in_last: u32,
}

/// The series of one task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskSeries {
    pub name: String,
    /// Training loss; NaN where no row was labelled.
    pub loss: Vec<f32>,
    /// Loss weight.
    pub weight: Vec<f32>,
    /// Labelled reports in the last point.
    n_in_last: u32,
}

/// Index of a split in [`RunHistory::evaluations`].
pub const fn split_idx(split: Split) -> usize {
    match split {
        Split::Train => 0,
        Split::Validation => 1,
        Split::Test => 2,
    }
}

impl RunHistory {
    /// An empty history of tasks with these names.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        let tasks = names
            .into_iter()
            .map(|name| TaskSeries {
                name,
                ..TaskSeries::default()
            })
            .collect();
        Self {
            tasks,
            stride: 1,
            ..Self::default()
        }
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.step.len()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.step.is_empty()
    }

    /// The latest evaluation on a split.
    pub fn newest(&self, split: Split) -> Option<&Rc<Evaluation>> {
        self.evaluations[split_idx(split)].last()
    }

    /// Appends a report.
    pub fn push(&mut self, progress: &Progress) {
        if self.stride == 0 {
            self.stride = 1;
        }
        if self.tasks.len() < progress.losses.len() {
            self.tasks.resize_with(progress.losses.len(), TaskSeries::default);
        }
        if self.n_in_last == 0 || self.n_in_last >= self.stride {
            if self.len() >= MAX_POINTS {
                self.thin();
            }
            self.n_in_last = 0;
            self.step.push(0.0);
            self.epoch.push(0.0);
            self.elapsed_ms.push(0.0);
            self.learning_rate.push(0.0);
            self.penalty.push(0.0);
            for task in &mut self.tasks {
                // A task that was added later has no values before.
                task.loss.resize(self.step.len() - 1, f32::NAN);
                task.weight.resize(self.step.len() - 1, f32::NAN);
                task.loss.push(f32::NAN);
                task.weight.push(f32::NAN);
                task.n_in_last = 0;
            }
        }
        self.n_in_last += 1;
        let last = self.step.len() - 1;
        self.step[last] = progress.step as f64;
        self.epoch[last] = progress.epoch;
        self.elapsed_ms[last] = progress.elapsed_ms;
        self.learning_rate[last] = progress.learning_rate;
        self.penalty[last] = progress.penalty;
        for (task_idx, task) in self.tasks.iter_mut().enumerate() {
            if let Some(weight) = progress.weights.get(task_idx) {
                task.weight[last] = *weight;
            }
            if let Some(Some(loss)) = progress.losses.get(task_idx) {
                task.n_in_last += 1;
                let mean = if task.loss[last].is_nan() {
                    0.0
                } else {
                    task.loss[last]
                };
                task.loss[last] = mean + (loss - mean) / task.n_in_last as f32;
            }
        }
        self.latest = Some(progress.clone());
        self.version += 1;
    }

    /// Appends an evaluation, or replaces the one at the same step.
    pub fn push_evaluation(&mut self, evaluation: Evaluation) {
        let kept = &mut self.evaluations[split_idx(evaluation.split)];
        if kept.last().is_some_and(|last| last.step == evaluation.step) {
            kept.pop();
        }
        if kept.len() >= MAX_EVALUATIONS {
            let mut position = 0;
            kept.retain(|_| {
                position += 1;
                position % 2 == 0
            });
        }
        kept.push(Rc::new(evaluation));
        self.version += 1;
        self.evaluations_version += 1;
    }

    /// Removes everything after a step.
    pub fn truncate(&mut self, step: u64) {
        let len = self.step.partition_point(|of_point| *of_point <= step as f64);
        let columns = [&mut self.step, &mut self.epoch, &mut self.elapsed_ms];
        columns.into_iter().for_each(|column| column.truncate(len));
        self.learning_rate.truncate(len);
        self.penalty.truncate(len);
        for task in &mut self.tasks {
            task.loss.truncate(len);
            task.weight.truncate(len);
        }
        // The next report begins a point.
        self.n_in_last = 0;
        self.latest.take_if(|latest| latest.step > step);
        for evaluations in &mut self.evaluations {
            evaluations.retain(|evaluation| evaluation.step <= step);
        }
        self.version += 1;
        self.evaluations_version += 1;
    }

    /// Merges neighbours in pairs.
    fn thin(&mut self) {
        keep_second(&mut self.step);
        keep_second(&mut self.epoch);
        keep_second(&mut self.elapsed_ms);
        keep_second(&mut self.learning_rate);
        keep_second(&mut self.penalty);
        for task in &mut self.tasks {
            keep_second(&mut task.weight);
            let n_pairs = task.loss.len() / 2;
            for pair in 0..n_pairs {
                task.loss[pair] = mean_of(task.loss[2 * pair], task.loss[2 * pair + 1]);
            }
            task.loss.truncate(n_pairs);
        }
        self.stride *= 2;
    }
}

fn keep_second<T: Copy>(values: &mut Vec<T>) {
    let n_pairs = values.len() / 2;
    for pair in 0..n_pairs {
        values[pair] = values[2 * pair + 1];
    }
    values.truncate(n_pairs);
}

fn mean_of(a: f32, b: f32) -> f32 {
    match (a.is_nan(), b.is_nan()) {
        (true, _) => b,
        (_, true) => a,
        _ => (a + b) / 2.0,
    }
}

type Listeners = Rc<RefCell<Vec<(u64, Rc<dyn Fn()>)>>>;

/// The history with its subscribers.
pub struct HistoryStore {
    history: RefCell<RunHistory>,
    listeners: Listeners,
    next_listener: Cell<u64>,
    asked_for_frame: Rc<Cell<bool>>,
    on_frame: Closure<dyn FnMut()>,
}

impl HistoryStore {
    /// An empty history.
    pub fn new() -> Rc<Self> {
        let listeners = Listeners::default();
        let asked_for_frame = Rc::new(Cell::new(false));
        let on_frame = Closure::new({
            let (listeners, asked_for_frame) = (Rc::clone(&listeners), Rc::clone(&asked_for_frame));
            move || {
                asked_for_frame.set(false);
                let now = listeners.borrow().clone();
                for (_, listener) in now {
                    listener();
                }
            }
        });
        Rc::new(Self {
            history: RefCell::default(),
            listeners,
            next_listener: Cell::new(0),
            asked_for_frame,
            on_frame,
        })
    }

    /// Borrows the history.
    pub fn borrow(&self) -> Ref<'_, RunHistory> {
        self.history.borrow()
    }

    /// Changes the history; subscribers are called on the next animation frame.
    pub fn update(&self, change: impl FnOnce(&mut RunHistory)) {
        change(&mut self.history.borrow_mut());
        self.ask_for_frame();
    }

    /// Clears the history.
    pub fn reset(&self, names: impl IntoIterator<Item = String>) {
        self.replace(RunHistory::new(names));
    }

    /// Replaces the history.
    pub fn replace(&self, other: RunHistory) {
        self.update(|history| {
            let versions = (history.version + 1, history.evaluations_version + 1);
            *history = other;
            (history.version, history.evaluations_version) = versions;
        });
    }

    /// Calls `draw` on the animation frame after a change, until the subscription is dropped.
    pub fn subscribe(&self, draw: impl Fn() + 'static) -> Subscription {
        let id = self.next_listener.get();
        self.next_listener.set(id + 1);
        self.listeners.borrow_mut().push((id, Rc::new(draw)));
        let listeners = Rc::clone(&self.listeners);
        Subscription::new(move || listeners.borrow_mut().retain(|(other, _)| *other != id))
    }

    fn ask_for_frame(&self) {
        if self.asked_for_frame.replace(true) {
            return;
        }
        let asked = web_sys::window().is_some_and(|window| {
            window
                .request_animation_frame(self.on_frame.as_ref().unchecked_ref())
                .is_ok()
        });
        self.asked_for_frame.set(asked);
    }
}

/// Renders the component on the animation frame after a change of the history, for a few values. Charts subscribe
/// directly and draw on their canvas.
#[hook]
pub fn use_history(history: &Rc<HistoryStore>) {
    let draw_again = use_force_update();
    let history = Rc::clone(history);
    use_effect_with((), move |()| {
        let subscription = history.subscribe(move || draw_again.force_update());
        move || drop(subscription)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64, loss: Option<f32>) -> Progress {
        Progress {
            step,
            epoch: step as f64 / 10.0,
            elapsed_ms: step as f64 * 5.0,
            losses: vec![loss],
            penalty: 0.0,
            learning_rate: 0.01,
            weights: vec![1.0],
            steps_per_second: 1.0,
            examples_per_second: 64.0,
        }
    }

    #[test]
    fn memory_is_bounded_and_the_mean_is_kept() {
        let mut history = RunHistory::new(["a".to_owned()]);
        let n_reports = 10 * MAX_POINTS as u64;
        for step in 1..=n_reports {
            history.push(&report(step, Some(step as f32)));
        }
        assert!(
            history.len() <= MAX_POINTS && history.len() >= MAX_POINTS / 2,
            "{}",
            history.len()
        );
        assert_eq!(history.step.last().copied(), Some(n_reports as f64));
        assert!(history.step.is_sorted());
        assert_eq!(history.tasks[0].loss.len(), history.len());
        // The first point is the mean of the first `stride` losses 1, 2, 3, ...
        let stride = history.stride as f32;
        assert_eq!(history.tasks[0].loss[0], (stride + 1.0) / 2.0);
    }

    #[test]
    fn what_is_after_a_step_is_removed() {
        let mut history = RunHistory::new(["a".to_owned()]);
        for step in 1..=9 {
            history.push(&report(step, Some(step as f32)));
        }
        history.truncate(6);
        assert_eq!((history.len(), history.latest.as_ref()), (6, None));
        history.push(&report(7, Some(0.5)));
        assert_eq!((history.step[6], history.tasks[0].loss[6]), (7.0, 0.5));
    }

    #[test]
    fn a_report_without_a_label_leaves_a_gap() {
        let mut history = RunHistory::new(["a".to_owned()]);
        history.push(&report(1, None));
        history.push(&report(2, Some(0.5)));
        assert!(history.tasks[0].loss[0].is_nan());
        assert_eq!(history.tasks[0].loss[1], 0.5);
    }

    #[test]
    fn the_newest_evaluation_is_always_kept() {
        let mut history = RunHistory::new(["a".to_owned()]);
        for step in 0..3 * MAX_EVALUATIONS as u64 {
            history.push_evaluation(Evaluation {
                split: Split::Validation,
                step,
                epoch: 0.0,
                elapsed_ms: 0.0,
                losses: vec![],
                tasks: vec![],
            });
            assert_eq!(
                history
                    .newest(Split::Validation)
                    .map(|evaluation| evaluation.step),
                Some(step)
            );
        }
        assert!(history.evaluations[1].len() <= MAX_EVALUATIONS);
        assert!(history.newest(Split::Test).is_none());
    }
}
