//! Recovery from a failed worker: another one is started, and the run continues from the last copy of its state.
//!
//! The copy is taken while the run goes on, every [`COPY_EVERY_MS`], and when it stands, and lies in the page as bytes
//! that nobody reads. It holds parameters, step and the state of the training.

use js_sys::ArrayBuffer;
use mtl_base::text::{Explain, Message};
use mtl_engine::design::Design;
use mtl_training::protocol::{DataSource, Phase, RunSettings};

use super::{Playground, RunHistory, actions::trained_part, insight};
use crate::{
    i18n::{faults, fill_message, shell::T},
    web::time::monotonic_ms,
    worker::{
        WorkerFailure,
        protocol::{Failure, FileReply, FileRequest},
    },
};

/// After more than [`MAX_CRASHES`] crashes within [`CRASH_WINDOW_MS`] the worker is not started again automatically.
const MAX_CRASHES: usize = 3;
const CRASH_WINDOW_MS: f64 = 300_000.0;

/// Least time between two copies during training; more for large models, so that copying does not cost what it saves.
const COPY_EVERY_MS: f64 = 3_000.0;
const COPIED_PARAMETERS_PER_MS: f64 = 400.0;
/// Larger models are not copied: copying would cost more than training again.
const MAX_COPIED_PARAMETERS: usize = 10_000_000;

/// A copy of the state of the run, and the design, settings and data set that it belongs to.
pub(super) struct Copy {
    step: u64,
    design: Design,
    settings: RunSettings,
    source: DataSource,
    payloads: Vec<ArrayBuffer>,
    history: RunHistory,
}

impl Playground {
    /// Takes a copy, unless there is a recent one.
    pub(super) fn take_copy(&self) {
        let now_ms = monotonic_ms();
        let n_parameters = self
            .model
            .get()
            .resources
            .as_ref()
            .map_or(0, |resources| resources.parameters);
        let is_fresh = self.copied_ms.get().is_some_and(|taken_ms| {
            now_ms - taken_ms < COPY_EVERY_MS.max(n_parameters as f64 / COPIED_PARAMETERS_PER_MS)
        });
        let is_running = self.status.get().phase == Phase::Running;
        if n_parameters == 0 || n_parameters > MAX_COPIED_PARAMETERS || (is_fresh && is_running) {
            return;
        }
        self.copied_ms.set(Some(now_ms));
        let this = self.rc();
        wasm_bindgen_futures::spawn_local(async move {
            // What is open when the copy arrives may be another design.
            let key = this.run_key();
            let (design, settings, source) = this.belongs_to();
            // A run that is gone before it answers needs no copy.
            if let Ok((FileReply::CopyTaken { step }, payloads)) =
                this.file(FileRequest::TakeCopy, Vec::new()).await
            {
                let history = this.history.borrow().clone();
                this.copy.replace(Some(Copy {
                    step,
                    design,
                    settings,
                    source,
                    payloads: payloads.clone(),
                    history,
                }));
                this.store_run(&key, step, payloads).await;
            }
        });
    }

    /// A copy of what is open, made of what an earlier page has stored.
    pub(super) fn copy_of(&self, step: u64, payloads: Vec<ArrayBuffer>) -> Copy {
        let (design, settings, source) = self.belongs_to();
        Copy {
            step,
            design,
            settings,
            source,
            payloads,
            history: self.history.borrow().clone(),
        }
    }

    pub(super) fn belongs_to(&self) -> (Design, RunSettings, DataSource) {
        (
            trained_part(self.document.get().design()),
            self.settings.get().as_ref().clone(),
            self.data.get().source.clone(),
        )
    }

    /// Replaces a worker that has failed by another one, with the same data set, design and settings, and the copy of the run.
    pub(super) fn recover(&self, failure: &WorkerFailure) {
        let why = failure.explain();
        self.leave_worker(Some(why.clone()));
        let now_ms = monotonic_ms();
        let n_crashes = {
            let mut crashes = self.crashes_ms.borrow_mut();
            crashes.retain(|at_ms| now_ms - at_ms < CRASH_WINDOW_MS);
            crashes.push(now_ms);
            crashes.len()
        };
        if n_crashes > MAX_CRASHES {
            return self.show_problem(with_reason(faults::T.worker_given_up, &why, n_crashes as u64));
        }
        let this = self.rc();
        self.attempt(async move {
            let step = this.start_again().await?;
            this.show_problem(match step {
                Some(step) => with_reason(T.worker_recovered, &why, step),
                None => with_reason(T.worker_crashed, &why, 0),
            });
            Ok::<(), Failure>(())
        });
    }

    /// Ends the worker; pending requests fail.
    pub(super) fn leave_worker(&self, why: Option<Message>) {
        self.client.replace(None);
        self.comparison
            .update_if_changed(insight::ComparisonState::interrupt);
        self.status.update(|status| {
            status.phase = Phase::NotReady;
            status.note = why;
        });
    }

    /// Starts a worker with the data set, the design and the settings of the page, and restores the copy of the run; returns the step
    /// of the run when there was a copy.
    pub(super) async fn start_again(&self) -> Result<Option<u64>, Failure> {
        self.connect();
        let data = self.data.get();
        self.load(data.source.clone(), data.settings.clone()).await?;
        Ok(self.restore_copy().await)
    }

    /// Restores the copy when it belongs to the current data set, design and settings; returns its step.
    pub(super) async fn restore_copy(&self) -> Option<u64> {
        let (payloads, history, step) = {
            let copy = self.copy.borrow();
            let copy = copy.as_ref()?;
            if self.belongs_to() != (copy.design.clone(), copy.settings.clone(), copy.source.clone()) {
                return None;
            }
            // The worker takes what it is given; another crash needs the copy again.
            let payloads = copy
                .payloads
                .iter()
                .map(|payload| payload.slice_with_end(0, payload.byte_length()))
                .collect();
            (payloads, copy.history.clone(), copy.step)
        };
        self.file(FileRequest::RestoreCopy, payloads).await.ok()?;
        self.history.replace(history);
        Some(step)
    }
}

fn with_reason(text: crate::i18n::Text, why: &Message, step: u64) -> Message {
    let filled = fill_message(text, &[&"{why}", &step]);
    Message::new(
        filled.en.replace("{why}", &why.en),
        filled.zh.replace("{why}", &why.zh),
    )
}
