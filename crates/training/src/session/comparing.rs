//! The comparison of shared and alone within a session.

use super::{Outgoing, RunPhase, Session};
use crate::RunError;
use crate::comparison::{Comparison, ComparisonUpdate};
use crate::protocol::{Compare, Event};

impl Session {
    /// Executes [`Command::Compare`](crate::protocol::Command::Compare).
    pub(super) fn compare(&mut self, compare: Compare, out: &mut Vec<Outgoing>) -> Result<(), RunError> {
        match compare {
            Compare::Start { n_seeds } => {
                self.ready()?;
                let (Some(data), Some(design)) = (&self.data, &self.design) else {
                    return Err(RunError::NoDesign);
                };
                let comparison = Comparison::new(design, &data.prepared, &self.settings, n_seeds)?;
                push(out, comparison.started());
                self.comparison = Some(comparison);
            }
            Compare::Stop => {
                if self.comparison.take().is_some() {
                    push(out, ComparisonUpdate::Finished { stopped: true });
                }
            }
        }
        Ok(())
    }

    /// Whether the next work is the comparison's: it waits while the run trains or is evaluated.
    pub(super) fn compares_next(&self) -> bool {
        self.comparison.is_some()
            && self.phase != RunPhase::Running
            && self.jobs.is_empty()
            && !self.is_unsettled()
    }

    /// Trains or evaluates one batch of the comparison.
    pub(super) fn go_on_comparing(&mut self, out: &mut Vec<Outgoing>) {
        let Some(comparison) = &mut self.comparison else {
            return;
        };
        // Every design was built when it began: only memory can be missing later.
        let update = match comparison.advance() {
            Ok(None) => return,
            Ok(Some(update)) => update,
            Err(_) => ComparisonUpdate::Finished { stopped: true },
        };
        if matches!(update, ComparisonUpdate::Finished { .. }) {
            self.comparison = None;
        }
        push(out, update);
    }
}

fn push(out: &mut Vec<Outgoing>, update: ComparisonUpdate) {
    out.push(Event::Comparison { update }.into());
}
