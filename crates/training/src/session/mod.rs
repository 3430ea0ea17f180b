//! The state machine of a session: commands in, replies and events out, work in slices.
//!
//! ```text
//! NotReady ──data + design──> Paused ──Play──> Running ──last epoch, patience──> Finished
//!                               ^  └──Steps, Epoch──>┘ │ Pause, goal                │
//!                               └──────────────────────┘<───────────Reset───────────┘<── Diverged
//! ```

mod comparing;
mod moves;
mod questions;
#[cfg(feature = "gpu")]
mod webgpu;
#[cfg(not(feature = "gpu"))]
#[path = "no_webgpu.rs"]
mod webgpu;
mod work;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use mtl_base::settings::Settings;
use mtl_base::text::{Explain, Message};
use mtl_data::dataset::Dataset;
use mtl_data::prepare::{DataSettings, Prepared};
use mtl_data::report;
use mtl_engine::design::Design;

use self::webgpu::Webgpu;
use crate::RunError;
use crate::comparison::Comparison;
use crate::evaluation::{EvaluationJob, baselines};
use crate::order::sample;
use crate::protocol::{
    Command, DataSource, Evaluation, Event, Phase, Reply, Request, RequestId, RunSettings, RunStatus, Split,
};
use crate::run::TrainingRun;
use crate::snapshot;
use crate::stopping::Stopping;
use crate::throughput::Throughput;

/// Least time between two reports of progress, in milliseconds.
const PROGRESS_MS: f64 = 50.0;

/// An output of a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Outgoing {
    /// A broadcast.
    Event(Event),
    /// The one reply to a command.
    Reply {
        /// Id of the command.
        id: RequestId,
        /// The reply, or why the command was not carried out.
        reply: Result<Reply, RunError>,
        /// Byte blocks of the reply.
        payloads: Vec<Vec<u8>>,
    },
}

impl Outgoing {
    /// A reply without payloads.
    pub(crate) fn reply(id: RequestId, reply: Result<Reply, RunError>) -> Self {
        let payloads = Vec::new();
        Self::Reply { id, reply, payloads }
    }

    /// The event, unless this is a reply.
    pub fn event(&self) -> Option<&Event> {
        match self {
            Self::Event(event) => Some(event),
            Self::Reply { .. } => None,
        }
    }
}

impl From<Event> for Outgoing {
    fn from(event: Event) -> Self {
        Self::Event(event)
    }
}

/// A data set, a design and at most one run, driven by [`Command`]s and by calls of [`Session::slice`].
///
/// ```
/// use mtl_training::{Outgoing, RunError, Session, protocol::{Command, Run}};
///
/// let mut session = Session::new();
/// let mut out = Vec::new();
/// session.handle(7, Command::Run { run: Run::Play }, vec![], &mut out);
/// assert_eq!(out, [Outgoing::Reply { id: 7, reply: Err(RunError::NoData), payloads: vec![] }]);
/// assert!(!session.slice(&|| 0.0, 10.0, &mut out), "there is nothing to do");
/// ```
#[derive(Default)]
pub struct Session {
    pub(crate) data: Option<Loaded>,
    /// The newest design, whether it compiles or not.
    pub(crate) design: Option<Design>,
    /// Why the newest design does not compile; `run` is then that of the last one that did.
    problem: Option<RunError>,
    pub(crate) run: Option<TrainingRun>,
    pub(crate) settings: RunSettings,
    phase: RunPhase,
    goal: Goal,
    /// Requests for steps or epochs, in the order of their steps.
    targets: VecDeque<Target>,
    /// Requests whose steps are done and whose replies wait for the evaluations of the epoch.
    reached: Vec<RequestId>,
    note: Option<Message>,
    jobs: VecDeque<EvaluationJob>,
    /// The newest per split.
    pub(crate) evaluations: Vec<Evaluation>,
    pub(crate) stopping: Stopping,
    /// The comparison of shared and alone that is under way.
    comparison: Option<Comparison>,
    throughput: Throughput,
    pending: PendingProgress,
    elapsed_ms: f64,
    webgpu: Webgpu,
    /// Requests that wait until the state of a run on WebGPU is copied to the CPU.
    deferred: VecDeque<(RequestId, Request)>,
    /// Whether the session is blocked until WebGPU completes an operation.
    is_waiting: bool,
    /// Time at which training was blocked.
    waiting_since_ms: Option<f64>,
}

/// A prepared data set.
pub(crate) struct Loaded {
    pub(crate) source: DataSource,
    /// The rows before preparation, for display.
    dataset: Dataset,
    pub(crate) prepared: Arc<Prepared>,
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
            prepared: Arc::new(prepared),
            train_sample,
        }
    }
}

/// [`Phase`] of an existing run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum RunPhase {
    #[default]
    Paused,
    Running,
    Finished,
    Diverged,
}

/// Where a running run pauses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Goal {
    /// At the last epoch or the stop condition.
    #[default]
    LastEpoch,
    /// When the last of the requested [targets](Target) is reached.
    Targets,
}

/// A request for steps or an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Target {
    id: RequestId,
    /// The step at which it is fulfilled.
    step: u64,
}

/// Losses since the last report.
#[derive(Debug, Default)]
struct PendingProgress {
    sums: Vec<(f64, u32)>,
    n_steps: u32,
    reported_at_ms: Option<f64>,
}

impl PendingProgress {
    /// Adds the losses of a step; those of tasks without labelled rows do not count.
    fn add(&mut self, losses: &[f32], labelled_rows: &[usize]) {
        self.sums.resize(losses.len(), (0.0, 0));
        for ((sum, n), (loss, n_rows)) in self.sums.iter_mut().zip(losses.iter().zip(labelled_rows)) {
            if *n_rows > 0 {
                *sum += f64::from(*loss);
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

    /// Executes a command. Its reply follows the events that it causes, here or in a later [`Session::slice`]: loading a data set
    /// and compiling a design happen here; training and evaluating happen in slices.
    pub fn handle(
        &mut self,
        id: RequestId,
        command: Command,
        payloads: Vec<Vec<u8>>,
        out: &mut Vec<Outgoing>,
    ) {
        let outcome = match command {
            Command::Data { source, settings } => self.set_data(source, &settings, payloads, out),
            Command::Design { design } => {
                self.set_design(design, out);
                Ok(())
            }
            Command::Settings { settings } => self.set_settings(settings, out),
            Command::Run { run } => return self.run_command(id, run, out),
            Command::Compare { compare } => self.compare(compare, out),
            Command::Ask { request } => return self.answer(id, request, payloads, out),
        };
        out.push(Outgoing::reply(id, outcome.map(|()| Reply::Done)));
    }

    /// Works until `budget_ms` of `clock` (milliseconds, from any start) are used up or nothing is left to do; true when
    /// there is more to do. It ends at most one batch after the budget, and at once when only WebGPU has work:
    /// see [`Session::is_waiting`].
    pub fn slice(&mut self, clock: &dyn Fn() -> f64, budget_ms: f64, out: &mut Vec<Outgoing>) -> bool {
        let started_ms = clock();
        let mut last_ms = started_ms;
        if let Some(since_ms) = self.waiting_since_ms.take() {
            self.elapsed_ms += (started_ms - since_ms).max(0.0);
        }
        self.is_waiting = false;
        while self.has_work() {
            let counts =
                self.phase == RunPhase::Running || self.jobs.front().is_some_and(|job| job.id.is_none());
            let step = self.run.as_ref().map_or(0, TrainingRun::n_steps);
            self.is_waiting = !self.work(last_ms, out);
            let now_ms = clock();
            if counts {
                self.elapsed_ms += (now_ms - last_ms).max(0.0);
            }
            self.time_step(step, now_ms - last_ms);
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
            if self.is_waiting || now_ms - started_ms >= budget_ms {
                break;
            }
        }
        self.waiting_since_ms =
            (self.is_waiting && self.phase == RunPhase::Running && self.trains_on_webgpu())
                .then_some(last_ms);
        self.has_work()
    }

    /// Whether [`Session::slice`] would do something.
    pub fn has_work(&self) -> bool {
        self.phase == RunPhase::Running
            || !self.jobs.is_empty()
            || self.is_unsettled()
            || self.comparison.is_some()
    }

    /// Whether the last slice ended because the session is blocked on WebGPU. The waker is woken when it is not any more; calling
    /// [`Session::slice`] before that has no effect.
    pub fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    /// Sets the waker that WebGPU wakes. Natively WebGPU has to be polled: call [`Session::slice`] again after a while.
    pub fn set_waker(&mut self, waker: Waker) {
        self.webgpu.set_waker(waker);
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
            step: run.map_or(0, TrainingRun::n_steps),
            epoch: run.map_or(0.0, TrainingRun::epoch),
            steps_per_epoch: run.map_or(0, TrainingRun::steps_per_epoch),
            elapsed_ms: self.elapsed_ms,
            runs_on: self.runs_on(),
            rewind_step: run
                .filter(|_| phase == Phase::Diverged)
                .and_then(TrainingRun::good_step),
            note: if phase == Phase::NotReady {
                self.ready().err().map(|error| error.explain())
            } else {
                self.note.clone()
            },
        }
    }

    /// Returns an error when there is no run that can be trained.
    fn ready(&self) -> Result<(), RunError> {
        match (&self.data, &self.design, &self.problem, &self.run) {
            (None, ..) => Err(RunError::NoData),
            (_, None, ..) => Err(RunError::NoDesign),
            (_, _, Some(problem), _) => Err(problem.clone()),
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

    // Data set, design, settings.

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
                source: loaded.source.clone(),
                settings: loaded.prepared.settings.clone(),
                report,
                schema: loaded.prepared.schema.clone(),
                baselines,
            }
            .into(),
        );
    }

    fn set_design(&mut self, design: Design, out: &mut Vec<Outgoing>) {
        let before = self.run.as_ref().map(|run| run.model().plan().clone());
        let goes_on = self.run.as_mut().is_some_and(|run| run.update_design(&design));
        self.design = Some(design);
        if !goes_on {
            return self.rebuild(true, out);
        }
        self.plan_changed(before.as_ref());
        self.problem = None;
        let resources = self.run.as_ref().map(|run| run.resources());
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
        if let Some(run) = self.run.as_mut().filter(|_| goes_on) {
            run.update_settings(&settings)?;
        }
        let before = std::mem::replace(&mut self.settings, settings);
        if !goes_on {
            self.rebuild(false, out);
            return Ok(());
        }
        self.settings_changed(&before);
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
            self.discard_run(out);
            return self.push_status(out);
        };
        match TrainingRun::build(design, &data.prepared, &self.settings) {
            Ok(run) => {
                let resources = Some(run.resources());
                self.discard_run(out);
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
                let problem = match &error {
                    RunError::Design(problem) => problem.explain(),
                    other => other.explain(),
                };
                if self.phase == RunPhase::Running {
                    self.pause(out);
                }
                if !waits {
                    self.discard_run(out);
                }
                self.problem = Some(error);
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

    /// Discards the run and everything that belongs to it; pending requests fail with [`RunError::Replaced`].
    pub(crate) fn discard_run(&mut self, out: &mut Vec<Outgoing>) {
        let pending = (self.jobs.drain(..).filter_map(|job| job.id))
            .chain(self.deferred.drain(..).map(|(id, _)| id))
            .chain(self.targets.drain(..).map(|target| target.id))
            .chain(self.reached.drain(..));
        out.extend(pending.map(|id| Outgoing::reply(id, Err(RunError::Replaced))));
        self.webgpu.forget_run();
        self.run = None;
        self.problem = None;
        self.phase = RunPhase::Paused;
        self.goal = Goal::LastEpoch;
        self.note = None;
        self.evaluations.clear();
        self.stopping = Stopping::default();
        self.throughput = Throughput::default();
        self.pending = PendingProgress::default();
        self.elapsed_ms = 0.0;
        self.waiting_since_ms = None;
    }

    /// Replaces the run by one that was prepared from a snapshot.
    pub(crate) fn adopt(
        &mut self,
        data: Option<Loaded>,
        run: TrainingRun,
        settings: RunSettings,
        note: Option<Message>,
        out: &mut Vec<Outgoing>,
    ) {
        self.discard_run(out);
        self.note = note;
        if let Some(data) = data {
            self.push_data(&data, out);
            self.data = Some(data);
        }
        self.design = Some(run.design.clone());
        self.settings = settings;
        let resources = Some(run.resources());
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
