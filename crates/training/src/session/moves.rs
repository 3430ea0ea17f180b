//! Moving the run: play, pause, steps, reset.

use mtl_base::text::Message;

use super::{Goal, Outgoing, RunPhase, Session};
use crate::RunError;
use crate::protocol::{Run, Split};
use crate::run::TrainingRun;
use crate::settings::MAX_STEPS_PER_COMMAND;
use crate::stopping::Stopping;

impl Session {
    pub(super) fn move_run(&mut self, run: Run, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
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
                    return Err(RunError::Steps {
                        limit: MAX_STEPS_PER_COMMAND,
                        got: n,
                    });
                }
                let step = self.run.as_ref().map_or(0, TrainingRun::n_steps);
                self.start(Goal::Step(step + u64::from(n)), out)
            }
            Run::Epoch => {
                let end = self.run.as_ref().map_or(0, |run| {
                    let steps_per_epoch = run.steps_per_epoch().max(1);
                    (run.n_steps() / steps_per_epoch + 1) * steps_per_epoch
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
            return Err(RunError::EmptySplit(Split::Train));
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
        self.choose_backend();
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

    pub(super) fn halt(&mut self, phase: RunPhase, note: Option<Message>, out: &mut Vec<Outgoing>) {
        if self.pending.n_steps > 0 {
            self.report_progress(out);
        }
        self.phase = phase;
        self.note = note;
        self.push_status(out);
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
