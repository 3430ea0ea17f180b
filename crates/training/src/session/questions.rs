//! Replies to the requests that read from the session or restore it.

use mtl_data::report;

use super::{Loaded, Outgoing, Session};
use crate::RunError;
use crate::evaluation::EvaluationJob;
use crate::inspection;
use crate::order::sample;
use crate::prediction;
use crate::protocol::{Reply, Request, RequestId, Split};
use crate::run::TrainingRun;
use crate::settings::{MAX_SAMPLE_ROWS, MAX_WAITING};

impl Session {
    pub(super) fn answer(
        &mut self,
        id: RequestId,
        request: Request,
        payloads: Vec<Vec<u8>>,
        out: &mut Vec<Outgoing>,
    ) {
        let of_the_run = !matches!(request, Request::Restore { .. } | Request::Rows { .. });
        if of_the_run && self.is_ahead() {
            return self.deferred.push_back((id, request));
        }
        let mut reply_payloads = Vec::new();
        let reply = match request {
            Request::Predict { input } => {
                self.with_run(|data, run| prediction::predict(&data.prepared, run, &input))
            }
            Request::Evaluate { split } => match self.ask_evaluation(id, split) {
                Ok(()) => return,
                Err(error) => Err(error),
            },
            Request::Snapshot => self.snapshot().map(|(snapshot, numbers)| {
                reply_payloads.extend(numbers);
                Reply::Snapshot {
                    snapshot: Box::new(snapshot),
                }
            }),
            Request::Restore { snapshot } => self.restore(*snapshot, payloads, out).map(|()| Reply::Done),
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
        out.push(Outgoing::Reply {
            id,
            reply,
            payloads: reply_payloads,
        });
    }

    /// Answers the requests that waited for the state of the run to be copied from WebGPU.
    pub(super) fn answer_deferred(&mut self, out: &mut Vec<Outgoing>) {
        for (id, request) in std::mem::take(&mut self.deferred) {
            self.answer(id, request, Vec::new(), out);
        }
    }

    /// The run that can be trained.
    pub(crate) fn training(&mut self) -> Result<&mut TrainingRun, RunError> {
        self.ready()?;
        self.run.as_mut().ok_or(RunError::NoDesign)
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

    fn ask_evaluation(&mut self, id: RequestId, split: Split) -> Result<(), RunError> {
        if self.jobs.len() >= MAX_WAITING {
            return Err(RunError::TooMany { limit: MAX_WAITING });
        }
        let job = self.with_run(|data, run| {
            let rows = data.prepared.splits.rows(split);
            if rows.is_empty() {
                return Err(RunError::EmptySplit(split));
            }
            Ok(EvaluationJob::new(run, split, rows.to_vec(), Some(id)))
        })?;
        self.jobs.push_back(job);
        Ok(())
    }
}
