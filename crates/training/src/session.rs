//! The state machine: commands in, events out, work in slices.
//!
//! ```text
//! NotReady ──data + design──> Paused ──Play──> Running ──last epoch, patience──> Finished
//!                               ^  └──Steps, Epoch──>┘ │ Pause, goal                │
//!                               └──────────────────────┘<───────────Reset───────────┘<── Diverged
//! ```

use std::collections::VecDeque;

use mtl_data::dataset::Dataset;
use mtl_data::prepare::{DataSettings, Prepared};
use mtl_data::report;
use mtl_engine::design::{Design, NodeId};
use mtl_engine::text::{Explain, Message, Text};

use crate::RunError;
use crate::evaluation::{EvaluationJob, baselines};
use crate::inspection;
use crate::order::sample;
use crate::prediction;
use crate::protocol::{
    Command, DataSource, Evaluation, Event, Phase, Progress, Reply, Request, Run, RunSettings, RunStatus,
    Split, Watch,
};
use crate::run::TrainingRun;
use crate::settings::{MAX_SAMPLE_ROWS, MAX_STEPS_PER_COMMAND, MAX_WAITING};
use crate::snapshot;
use crate::stopping::Stopping;
use crate::throughput::Throughput;

/// Reports of progress are at least so far apart.
const PROGRESS_MS: f64 = 50.0;

/// An event with the byte blocks that travel beside it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// What happened.
    pub event: Event,
    /// The blocks that the event's documentation names.
    pub payloads: Vec<Vec<u8>>,
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self {
            event,
            payloads: Vec::new(),
        }
    }
}

/// A data set, a design and at most one run, driven by [`Command`]s and by calls of [`Session::slice`].
///
/// ```
/// use mtl_training::{Session, protocol::{Command, Event, Run}};
///
/// let mut session = Session::new();
/// let mut out = Vec::new();
/// session.handle(Command::Run { run: Run::Play }, vec![], &mut out);
/// let Event::Failure { message } = &out[0].event else { panic!("nothing is loaded") };
/// assert_eq!(message.en, "no data set is loaded; choose one first");
/// assert!(!session.slice(&|| 0.0, 10.0, &mut out), "there is nothing to do");
/// ```
#[derive(Default)]
pub struct Session {
    pub(crate) data: Option<Loaded>,
    /// The newest design, whether it compiles or not.
    pub(crate) design: Option<Design>,
    /// Why the newest design does not compile; `run` is then that of the last one that did.
    problem: Option<Message>,
    pub(crate) run: Option<TrainingRun>,
    pub(crate) settings: RunSettings,
    phase: RunPhase,
    goal: Goal,
    note: Option<Message>,
    jobs: VecDeque<EvaluationJob>,
    /// The newest per split.
    pub(crate) evaluations: Vec<Evaluation>,
    stopping: Stopping,
    throughput: Throughput,
    pending: PendingProgress,
    elapsed_ms: f64,
}

/// A prepared data set.
pub(crate) struct Loaded {
    pub(crate) source: DataSource,
    /// The rows as a person reads them.
    dataset: Dataset,
    pub(crate) prepared: Prepared,
    /// Training rows that are evaluated after each epoch: as many as there are validation rows.
    train_sample: Vec<u32>,
}

impl Loaded {
    pub(crate) fn new(source: DataSource, dataset: Dataset, prepared: Prepared) -> Self {
        let splits = &prepared.splits;
        let seed = prepared.settings.seed as u64;
        let train_sample = sample(
            &splits.train,
            splits.validation.len(),
            seed,
            "watched training rows",
        );
        Self {
            source,
            dataset,
            prepared,
            train_sample,
        }
    }
}

/// [`Phase`] of a run that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RunPhase {
    #[default]
    Paused,
    Running,
    Finished,
    Diverged,
}

/// How far a running run goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Goal {
    /// To the last epoch or the stop condition.
    #[default]
    End,
    /// To this step.
    Step(u64),
}

/// Losses since the last report.
#[derive(Debug, Default)]
struct PendingProgress {
    sums: Vec<(f64, u32)>,
    n_steps: u32,
    reported_at_ms: Option<f64>,
}

impl PendingProgress {
    fn add(&mut self, run: &TrainingRun) {
        self.sums.resize(run.model.losses().len(), (0.0, 0));
        for (task_idx, (sum, n)) in self.sums.iter_mut().enumerate() {
            if run.model.labelled_rows()[task_idx] > 0 {
                *sum += f64::from(run.model.losses()[task_idx]);
                *n += 1;
            }
        }
        self.n_steps += 1;
    }
}

impl Session {
    /// A session with nothing loaded.
    pub fn new() -> Self {
        Self::default()
    }

    /// Carries out a command and says what came of it. Loading a data set and compiling a design happen here, at once;
    /// training and evaluating happen in [`Session::slice`].
    pub fn handle(&mut self, command: Command, payloads: Vec<Vec<u8>>, out: &mut Vec<Outgoing>) {
        let done = match command {
            Command::Data { source, settings } => self.set_data(source, &settings, payloads, out),
            Command::Design { design } => {
                self.set_design(design, out);
                Ok(())
            }
            Command::Settings { settings } => self.set_settings(settings, out),
            Command::Run { run } => self.move_run(run, out),
            Command::Ask { id, request } => {
                self.answer(id, request, payloads, out);
                Ok(())
            }
        };
        if let Err(error) = done {
            out.push(
                Event::Failure {
                    message: error.explain(),
                }
                .into(),
            );
        }
    }

    /// Works until `budget_ms` of `clock` (milliseconds, from any start) are used up or nothing is left to do; true when
    /// there is more to do. It ends at most one batch after the budget.
    pub fn slice(&mut self, clock: &dyn Fn() -> f64, budget_ms: f64, out: &mut Vec<Outgoing>) -> bool {
        let started_ms = clock();
        let mut last_ms = started_ms;
        while self.has_work() {
            let counts =
                self.phase == RunPhase::Running || self.jobs.front().is_some_and(|job| job.id.is_none());
            self.work(out);
            let now_ms = clock();
            if counts {
                self.elapsed_ms += (now_ms - last_ms).max(0.0);
            }
            last_ms = now_ms;
            if self.pending.n_steps > 0
                && self
                    .pending
                    .reported_at_ms
                    .is_none_or(|reported| now_ms - reported >= PROGRESS_MS)
            {
                self.pending.reported_at_ms = Some(now_ms);
                self.report_progress(out);
            }
            if now_ms - started_ms >= budget_ms {
                break;
            }
        }
        self.has_work()
    }

    /// Whether [`Session::slice`] would do something.
    pub fn has_work(&self) -> bool {
        self.phase == RunPhase::Running || !self.jobs.is_empty()
    }

    /// A hash of the bits of all parameters: equal runs have equal ones, on every machine.
    pub fn fingerprint(&self) -> Option<u64> {
        self.run.as_ref().map(TrainingRun::fingerprint)
    }

    /// State of the run.
    pub fn status(&self) -> RunStatus {
        let run = self.run.as_ref();
        let phase = match (run, &self.problem, self.phase) {
            (None, _, _) | (_, Some(_), _) => Phase::NotReady,
            (_, _, RunPhase::Paused) => Phase::Paused,
            (_, _, RunPhase::Running) => Phase::Running,
            (_, _, RunPhase::Finished) => Phase::Finished,
            (_, _, RunPhase::Diverged) => Phase::Diverged,
        };
        RunStatus {
            phase,
            step: run.map_or(0, |run| run.step),
            epoch: run.map_or(0.0, TrainingRun::epoch),
            steps_per_epoch: run.map_or(0, TrainingRun::steps_per_epoch),
            elapsed_ms: self.elapsed_ms,
            note: if phase == Phase::NotReady {
                self.ready().err().map(|error| error.explain())
            } else {
                self.note.clone()
            },
        }
    }

    /// Refuses when there is no run that can be moved.
    fn ready(&self) -> Result<(), RunError> {
        match (&self.data, &self.design, &self.problem, &self.run) {
            (None, ..) => Err(RunError::NoData),
            (_, None, ..) => Err(RunError::NoDesign),
            (_, _, Some(problem), _) => Err(RunError::Design {
                problem: problem.clone(),
            }),
            (_, _, None, None) => Err(RunError::NoDesign),
            (_, _, None, Some(_)) => Ok(()),
        }
    }

    fn push_status(&self, out: &mut Vec<Outgoing>) {
        out.push(
            Event::Status {
                status: self.status(),
            }
            .into(),
        );
    }

    // What to train on, what to train, how.

    fn set_data(
        &mut self,
        source: DataSource,
        settings: &DataSettings,
        payloads: Vec<Vec<u8>>,
        out: &mut Vec<Outgoing>,
    ) -> Result<(), RunError> {
        let loaded = snapshot::load(source, settings, payloads.into_iter().next())?;
        self.push_data(&loaded, out);
        self.data = Some(loaded);
        self.rebuild(false, out);
        Ok(())
    }

    pub(crate) fn push_data(&self, loaded: &Loaded, out: &mut Vec<Outgoing>) {
        let report = Box::new(report::report(&loaded.dataset, &loaded.prepared));
        let baselines = baselines(&loaded.prepared, Split::Validation);
        out.push(
            Event::Data {
                report,
                schema: loaded.prepared.schema.clone(),
                baselines,
            }
            .into(),
        );
    }

    fn set_design(&mut self, design: Design, out: &mut Vec<Outgoing>) {
        let goes_on = self.run.as_mut().is_some_and(|run| run.update_design(&design));
        self.design = Some(design);
        if !goes_on {
            return self.rebuild(true, out);
        }
        self.problem = None;
        let resources = self.run.as_ref().map(|run| run.model.resources());
        out.push(
            Event::Model {
                reset: false,
                resources,
                problem: None,
            }
            .into(),
        );
        self.push_status(out);
    }

    fn set_settings(&mut self, settings: RunSettings, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
        settings.check()?;
        let goes_on = self.settings.keeps_run(&settings);
        self.settings = settings;
        if !goes_on {
            self.rebuild(false, out);
            return Ok(());
        }
        if let Some(run) = &mut self.run {
            run.update_optimizer(&self.settings);
        }
        if self.phase == RunPhase::Finished && !self.all_epochs_done() {
            self.phase = RunPhase::Paused;
            self.note = None;
        }
        self.push_status(out);
        Ok(())
    }

    /// Compiles the newest design into a new run. When it does not compile, the run of the last one that did can wait
    /// for the design to come back (by an undo, say), unless its data set or settings have been replaced.
    fn rebuild(&mut self, waits: bool, out: &mut Vec<Outgoing>) {
        let (Some(data), Some(design)) = (&self.data, &self.design) else {
            self.forget_run(out);
            return self.push_status(out);
        };
        match TrainingRun::build(design, &data.prepared, &self.settings) {
            Ok(run) => {
                let resources = Some(run.model.resources());
                self.forget_run(out);
                self.run = Some(run);
                out.push(
                    Event::Model {
                        reset: true,
                        resources,
                        problem: None,
                    }
                    .into(),
                );
            }
            Err(error) => {
                let problem = match error {
                    RunError::Design { problem } => problem,
                    other => other.explain(),
                };
                if self.phase == RunPhase::Running {
                    self.pause(out);
                }
                if !waits {
                    self.forget_run(out);
                }
                self.problem = Some(problem.clone());
                out.push(
                    Event::Model {
                        reset: false,
                        resources: None,
                        problem: Some(problem),
                    }
                    .into(),
                );
            }
        }
        self.push_status(out);
    }

    /// Empties everything that belongs to the run.
    pub(crate) fn forget_run(&mut self, out: &mut Vec<Outgoing>) {
        for job in self.jobs.drain(..) {
            if let Some(id) = job.id {
                out.push(
                    Event::Reply {
                        id,
                        reply: Err(RunError::Replaced.explain()),
                    }
                    .into(),
                );
            }
        }
        self.run = None;
        self.problem = None;
        self.phase = RunPhase::Paused;
        self.goal = Goal::End;
        self.note = None;
        self.evaluations.clear();
        self.stopping = Stopping::default();
        self.throughput = Throughput::default();
        self.pending = PendingProgress::default();
        self.elapsed_ms = 0.0;
    }

    // Moving the run.

    fn move_run(&mut self, run: Run, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
        match run {
            Run::Pause => {
                if self.phase == RunPhase::Running {
                    self.pause(out);
                }
                Ok(())
            }
            Run::Reset => {
                self.ready()?;
                self.rebuild(false, out);
                Ok(())
            }
            Run::Play => self.start(Goal::End, out),
            Run::Steps { n } => {
                if !(1..=MAX_STEPS_PER_COMMAND).contains(&n) {
                    return Err(RunError::Setting {
                        name: Text::new("number of steps", "步数"),
                        expected: format!("1 – {MAX_STEPS_PER_COMMAND}"),
                        got: n.to_string(),
                    });
                }
                let step = self.run.as_ref().map_or(0, |run| run.step);
                self.start(Goal::Step(step + u64::from(n)), out)
            }
            Run::Epoch => {
                let end = self.run.as_ref().map_or(0, |run| {
                    let steps_per_epoch = run.steps_per_epoch().max(1);
                    (run.step / steps_per_epoch + 1) * steps_per_epoch
                });
                self.start(Goal::Step(end), out)
            }
        }
    }

    fn start(&mut self, goal: Goal, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
        self.ready()?;
        if self.phase == RunPhase::Diverged {
            return Err(RunError::HasDiverged);
        }
        if self
            .data
            .as_ref()
            .is_none_or(|data| data.prepared.splits.train.is_empty())
        {
            return Err(RunError::EmptySplit {
                split: Split::Train.label(),
            });
        }
        if goal == Goal::End && self.all_epochs_done() {
            return Err(RunError::AllEpochsDone {
                epochs: self.settings.epochs,
            });
        }
        if self.phase == RunPhase::Finished {
            self.stopping = Stopping::default();
        }
        self.phase = RunPhase::Running;
        self.goal = goal;
        self.note = None;
        self.push_status(out);
        Ok(())
    }

    fn pause(&mut self, out: &mut Vec<Outgoing>) {
        let phase = if self.all_epochs_done() {
            RunPhase::Finished
        } else {
            RunPhase::Paused
        };
        self.halt(phase, None, out);
    }

    fn halt(&mut self, phase: RunPhase, note: Option<Message>, out: &mut Vec<Outgoing>) {
        if self.pending.n_steps > 0 {
            self.report_progress(out);
        }
        self.phase = phase;
        self.note = note;
        self.push_status(out);
    }

    fn all_epochs_done(&self) -> bool {
        self.run.as_ref().is_some_and(|run| {
            run.step
                >= run
                    .steps_per_epoch()
                    .saturating_mul(u64::from(self.settings.epochs))
        })
    }

    // The work of a slice.

    /// Evaluates or trains one batch.
    fn work(&mut self, out: &mut Vec<Outgoing>) {
        let (Some(data), Some(run)) = (&self.data, &mut self.run) else {
            // Neither phase nor jobs outlive the run; stopping here keeps a slice from going round in circles.
            self.phase = RunPhase::Paused;
            self.jobs.clear();
            return;
        };
        if let Some(mut job) = self.jobs.pop_front() {
            if job.advance(run, &data.prepared, self.settings.batch_size) {
                self.finish_evaluation(job, out);
            } else {
                self.jobs.push_front(job);
            }
            return;
        }
        if self.goal == Goal::End && self.all_epochs_done() {
            return self.halt(RunPhase::Finished, None, out);
        }
        let (Some(data), Some(run)) = (&self.data, &mut self.run) else {
            return;
        };
        match run.train_step(&data.prepared, &self.settings) {
            Ok(n_rows) => {
                self.throughput.count(n_rows);
                self.pending.add(run);
                if run.at_epoch_end() {
                    if let Err(error) = run.check_parameters() {
                        return self.halt(RunPhase::Diverged, Some(error.explain()), out);
                    }
                    let epoch_rows = [
                        (Split::Train, &data.train_sample),
                        (Split::Validation, &data.prepared.splits.validation),
                    ];
                    for (split, rows) in epoch_rows.into_iter().filter(|(_, rows)| !rows.is_empty()) {
                        self.jobs
                            .push_back(EvaluationJob::new(run, split, rows.clone(), None));
                    }
                }
                if self.goal == Goal::Step(run.step) {
                    self.pause(out);
                }
            }
            Err(error) => self.halt(RunPhase::Diverged, Some(error.explain()), out),
        }
    }

    fn finish_evaluation(&mut self, job: EvaluationJob, out: &mut Vec<Outgoing>) {
        let Some(run) = &self.run else { return };
        let id = job.id;
        let evaluation = job.finish(run, self.elapsed_ms);
        self.evaluations.retain(|old| old.split != evaluation.split);
        self.evaluations.push(evaluation.clone());
        out.push(
            Event::Evaluation {
                evaluation: evaluation.clone(),
            }
            .into(),
        );
        if let Some(id) = id {
            let baselines = match (&self.data, evaluation.split) {
                (None, _) | (_, Split::Train) => Vec::new(),
                (Some(data), split) => baselines(&data.prepared, split),
            };
            out.push(
                Event::Reply {
                    id,
                    reply: Ok(Reply::Evaluation {
                        evaluation,
                        baselines,
                    }),
                }
                .into(),
            );
        } else if evaluation.split == Split::Validation {
            let task_idx = match &self.settings.stop.watch {
                Watch::Loss => None,
                Watch::Metric { task, .. } => run.task_idx(*task),
            };
            let stops = self
                .stopping
                .observe(&self.settings.stop, &evaluation, task_idx, &run.weights);
            if stops && self.phase == RunPhase::Running && self.goal == Goal::End {
                let note = self.patience_note(self.settings.stop.patience);
                self.halt(RunPhase::Finished, Some(note), out);
            }
        }
    }

    fn patience_note(&self, patience: u32) -> Message {
        let (en, zh) = match &self.settings.stop.watch {
            Watch::Loss => ("the validation loss".to_owned(), "验证损失".to_owned()),
            Watch::Metric { task, metric } => {
                let name = self.task_name(*task);
                {
                    let label = metric.label();
                    (
                        format!("{} of `{name}`", label.en),
                        format!("“{name}”的{}", label.zh),
                    )
                }
            }
        };
        Message::new(
            format!("stopped early: {en} has not improved for {patience} evaluations"),
            format!("提前停止：{zh}已连续 {patience} 次评估没有改善"),
        )
    }

    fn task_name(&self, head: NodeId) -> String {
        let node = self.design.as_ref().and_then(|design| design.node(head));
        node.map_or_else(|| head.0.to_string(), |node| node.name.clone())
    }

    fn report_progress(&mut self, out: &mut Vec<Outgoing>) {
        let Some(run) = &self.run else { return };
        let (steps_per_second, examples_per_second) = self.throughput.rates(self.elapsed_ms);
        let mean = |(sum, n): &(f64, u32)| (*n > 0).then(|| (sum / f64::from(*n)) as f32);
        let progress = Progress {
            step: run.step,
            epoch: run.epoch(),
            elapsed_ms: self.elapsed_ms,
            losses: self.pending.sums.iter().map(mean).collect(),
            penalty: run.model.penalty(),
            learning_rate: run.learning_rate,
            weights: run.weights.clone(),
            steps_per_second,
            examples_per_second,
        };
        self.pending.sums.fill((0.0, 0));
        self.pending.n_steps = 0;
        out.push(Event::Progress { progress }.into());
    }

    // Questions.

    fn answer(&mut self, id: u32, request: Request, payloads: Vec<Vec<u8>>, out: &mut Vec<Outgoing>) {
        let mut reply_payloads = Vec::new();
        let reply = match request {
            Request::Predict { input } => {
                self.with_run(|data, run| prediction::predict(&data.prepared, run, &input))
            }
            Request::Evaluate { split } => match self.ask_evaluation(id, split) {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            Request::Snapshot => self.snapshot().map(|(snapshot, values)| {
                reply_payloads.push(values);
                Reply::Snapshot {
                    snapshot: Box::new(snapshot),
                }
            }),
            Request::Restore { snapshot } => self.restore(*snapshot, payloads, out).map(|()| Reply::Restored),
            Request::Inspect { node } => {
                let batch_size = self.settings.batch_size;
                self.with_run(|data, run| Ok(inspection::inspect(&data.prepared, run, batch_size, node)))
            }
            Request::State => {
                let fingerprint = self.fingerprint().map(|hash| format!("{hash:016x}"));
                Ok(Reply::State {
                    status: self.status(),
                    fingerprint,
                })
            }
            Request::Rows {
                split: Split::Test, ..
            } => Err(RunError::TestRows),
            Request::Rows { split, n, seed } => match &self.data {
                None => Err(RunError::NoData),
                Some(data) => {
                    let rows = data.prepared.splits.rows(split);
                    let chosen = sample(rows, n.min(MAX_SAMPLE_ROWS), seed, "rows to show");
                    let shown = |row: &u32| report::sample(&data.dataset, &data.prepared, *row, split);
                    Ok(Reply::Rows {
                        rows: chosen.iter().map(shown).collect(),
                        inputs: chosen
                            .iter()
                            .map(|row| prediction::input_of(&data.dataset, *row))
                            .collect(),
                    })
                }
            },
        };
        let event = Event::Reply {
            id,
            reply: reply.map_err(|error| error.explain()),
        };
        out.push(Outgoing {
            event,
            payloads: reply_payloads,
        });
    }

    /// The data set, the run and its settings, when there is something to train.
    pub(crate) fn training(&mut self) -> Result<(&Loaded, &mut TrainingRun, &RunSettings), RunError> {
        self.ready()?;
        match (&self.data, &mut self.run) {
            (Some(data), Some(run)) => Ok((data, run, &self.settings)),
            _ => Err(RunError::NoDesign),
        }
    }

    fn with_run<T>(
        &mut self,
        answer: impl FnOnce(&Loaded, &mut TrainingRun) -> Result<T, RunError>,
    ) -> Result<T, RunError> {
        match (&self.data, &mut self.run) {
            (Some(data), Some(run)) => answer(data, run),
            _ => Err(self.ready().err().unwrap_or(RunError::NoDesign)),
        }
    }

    fn ask_evaluation(&mut self, id: u32, split: Split) -> Result<(), RunError> {
        if self.jobs.len() >= MAX_WAITING {
            return Err(RunError::TooMany { limit: MAX_WAITING });
        }
        let job = self.with_run(|data, run| {
            let rows = data.prepared.splits.rows(split);
            if rows.is_empty() {
                return Err(RunError::EmptySplit { split: split.label() });
            }
            Ok(EvaluationJob::new(run, split, rows.to_vec(), Some(id)))
        })?;
        self.jobs.push_back(job);
        Ok(())
    }

    /// Takes over a run that was prepared from a snapshot.
    pub(crate) fn adopt(
        &mut self,
        data: Option<Loaded>,
        run: TrainingRun,
        settings: RunSettings,
        out: &mut Vec<Outgoing>,
    ) {
        self.forget_run(out);
        if let Some(data) = data {
            self.push_data(&data, out);
            self.data = Some(data);
        }
        self.design = Some(run.design.clone());
        self.settings = settings;
        let resources = Some(run.model.resources());
        self.run = Some(run);
        if self.all_epochs_done() {
            self.phase = RunPhase::Finished;
        }
        out.push(
            Event::Model {
                reset: true,
                resources,
                problem: None,
            }
            .into(),
        );
        self.push_status(out);
    }
}
