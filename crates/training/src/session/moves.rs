//! Starting, stopping and resetting the run, and the requests for a number of steps or an epoch.

use mtl_base::text::{Explain, Message};

use super::{Goal, Outgoing, PendingProgress, RunPhase, Session, Target};
use crate::RunError;
use crate::protocol::{Reply, RequestId, Run, Split};
use crate::run::TrainingRun;
use crate::settings::{MAX_STEPS_PER_COMMAND, MAX_WAITING};
use crate::stopping::Stopping;

impl Session {
    /// Executes [`Command::Run`](crate::protocol::Command::Run).
    pub(super) fn run_command(&mut self, id: RequestId, run: Run, out: &mut Vec<Outgoing>) {
        let outcome = match run {
            Run::Pause => {
                if self.phase == RunPhase::Running {
                    self.pause(out);
                }
                Ok(())
            }
            Run::Reset => self.ready().map(|()| self.rebuild(false, out)),
            Run::Rewind => self.rewind(out),
            Run::Play => self.start(Goal::LastEpoch, out),
            Run::Steps { .. } | Run::Epoch => match self.add_target(id, run, out) {
                // Answered when the target is reached.
                Ok(()) => return,
                Err(error) => Err(error),
            },
        };
        let reply = outcome.map(|()| Reply::Status {
            status: self.status(),
        });
        out.push(Outgoing::reply(id, reply));
    }

    /// Appends a request for steps or an epoch, counted from the end of those that are pending, and starts the run.
    fn add_target(&mut self, id: RequestId, run: Run, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
        if self.targets.len() >= MAX_WAITING {
            return Err(RunError::TooMany { limit: MAX_WAITING });
        }
        let done = self.run.as_ref().map_or(0, TrainingRun::n_steps);
        let from = self.targets.back().map_or(done, |target| target.step);
        let step = match run {
            Run::Steps { n } if !(1..=MAX_STEPS_PER_COMMAND).contains(&n) => {
                return Err(RunError::Steps {
                    limit: MAX_STEPS_PER_COMMAND,
                    got: n,
                });
            }
            Run::Steps { n } => from + u64::from(n),
            _ => {
                let steps_per_epoch = self.run.as_ref().map_or(1, |run| run.steps_per_epoch().max(1));
                (from / steps_per_epoch + 1) * steps_per_epoch
            }
        };
        self.start(Goal::Targets, out)?;
        self.targets.push_back(Target { id, step });
        Ok(())
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
            return Err(RunError::EmptySplit(Split::Train));
        }
        if goal == Goal::LastEpoch && self.all_epochs_done() {
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
        self.choose_backend();
        self.push_status(out);
        Ok(())
    }

    /// Goes back to the last good state of a run that has diverged.
    fn rewind(&mut self, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
        self.ready()?;
        let is_diverged = self.phase == RunPhase::Diverged;
        let run = self.run.as_mut().filter(|_| is_diverged);
        if !run.is_some_and(TrainingRun::go_back) {
            return Err(RunError::NoGoodState);
        }
        self.phase = RunPhase::Paused;
        self.note = None;
        let step = self.run.as_ref().map_or(0, TrainingRun::n_steps);
        self.evaluations.retain(|evaluation| evaluation.step <= step);
        self.pending = PendingProgress::default();
        self.push_status(out);
        Ok(())
    }

    pub(super) fn pause(&mut self, out: &mut Vec<Outgoing>) {
        let phase = if self.all_epochs_done() {
            RunPhase::Finished
        } else {
            RunPhase::Paused
        };
        self.halt(phase, None, out);
    }

    /// Stops the run and answers the requests for steps or epochs, reached or not.
    pub(super) fn halt(&mut self, phase: RunPhase, note: Option<Message>, out: &mut Vec<Outgoing>) {
        if self.pending.n_steps > 0 {
            self.report_progress(out);
        }
        self.phase = phase;
        self.note = note;
        self.push_status(out);
        while let Some(target) = self.targets.pop_front() {
            self.answer_target(target.id, out);
        }
    }

    /// Stops a run that diverged; the requests for steps or epochs fail with the cause.
    pub(super) fn halt_diverged(&mut self, error: &RunError, out: &mut Vec<Outgoing>) {
        let pending = (self.targets.drain(..).map(|target| target.id)).chain(self.reached.drain(..));
        let replies: Vec<_> = pending
            .map(|id| Outgoing::reply(id, Err(error.clone())))
            .collect();
        self.halt(RunPhase::Diverged, Some(error.explain()), out);
        out.extend(replies);
    }

    /// Answers the requests that the last step has fulfilled, and pauses after the last of them when nothing else keeps the run
    /// going.
    pub(super) fn answer_reached_targets(&mut self, out: &mut Vec<Outgoing>) {
        let step = self.run.as_ref().map_or(0, TrainingRun::n_steps);
        let is_last = self.targets.back().is_some_and(|target| target.step <= step);
        if is_last && self.goal == Goal::Targets && self.phase == RunPhase::Running {
            return self.pause(out);
        }
        while let Some(target) = self.targets.pop_front_if(|target| target.step <= step) {
            self.answer_target(target.id, out);
        }
    }

    /// Answers a request for steps or an epoch, after the evaluations of the epoch when some are pending.
    fn answer_target(&mut self, id: RequestId, out: &mut Vec<Outgoing>) {
        if self.has_epoch_evaluations() {
            return self.reached.push(id);
        }
        let status = self.status();
        out.push(Outgoing::reply(id, Ok(Reply::Status { status })));
    }

    /// Whether the evaluations after an epoch are pending.
    fn has_epoch_evaluations(&self) -> bool {
        self.jobs.iter().any(|job| job.id.is_none())
    }

    /// Answers the requests that waited for the evaluations of the epoch, when those are done.
    pub(super) fn answer_evaluated_targets(&mut self, out: &mut Vec<Outgoing>) {
        if !self.has_epoch_evaluations() {
            for id in std::mem::take(&mut self.reached) {
                self.answer_target(id, out);
            }
        }
    }

    pub(super) fn all_epochs_done(&self) -> bool {
        self.run.as_ref().is_some_and(|run| {
            run.n_steps()
                >= run
                    .steps_per_epoch()
                    .saturating_mul(u64::from(self.settings.epochs))
        })
    }
}
