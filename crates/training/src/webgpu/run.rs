//! One run on the device.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtl_engine::model::Batch;
use mtl_program::gpu::{
    Finished, GpuData, GpuDevice, GpuError, GpuOptions, GpuStep, GpuTrainer, LossesReading, MirrorReading,
    StepLosses,
};

use super::queue_depth::QueueDepth;
use super::{LOSSES_MS, MIRROR_MS, Queued};
use crate::run::TrainingRun;

/// A pending request for a device.
pub(crate) type DeviceRequest = Pin<Box<dyn Future<Output = Result<GpuDevice, GpuError>>>>;

/// A pending preparation of a trainer.
pub(crate) type Preparing = Pin<Box<dyn Future<Output = Result<Prepared, GpuError>>>>;

/// A trainer with the run's rows on the device.
pub(crate) struct Prepared {
    trainer: GpuTrainer,
    /// Per task, whether each row has a label.
    labelled: Vec<Vec<bool>>,
}

/// Compiles the run's kernels and puts its rows on the device.
pub(crate) fn prepare(device: GpuDevice, run: &TrainingRun) -> Preparing {
    let (settings, data) = (run.settings(), &run.data);
    let plan = run.model().plan().clone();
    let options = GpuOptions {
        max_rows: settings.batch_size,
        run_seed: settings.seed,
        optimizer: settings.optimizer.clone(),
        clipping: settings.clipping.clone(),
    };
    let rows: Vec<u32> = (0..data.n_rows() as u32).collect();
    let mut all = Batch::new(&plan, rows.len());
    run.columns.fill(&mut all, data, &rows);
    let data = GpuData {
        rows: rows.len(),
        ids: all.ids,
        dense: all.dense,
        targets: all.targets,
    };
    let labelled = data.targets.iter().zip(&plan.tasks).map(|(targets, task)| {
        let rows = targets.chunks_exact(task.kind.width());
        rows.map(|row| row.iter().any(|target| !target.is_nan()))
            .collect()
    });
    let labelled = labelled.collect();
    Box::pin(async move {
        let mut trainer = GpuTrainer::new(&device, &plan, &options).await?;
        trainer.upload(data).await?;
        Ok(Prepared { trainer, labelled })
    })
}

/// A submission of steps that is not completed.
struct Flight {
    n_steps: usize,
    submitted_ms: f64,
    finished: Finished,
}

/// Results that were read back by a poll.
#[derive(Default)]
pub(crate) struct DeviceProgress {
    /// Losses, oldest first.
    pub(crate) losses: Vec<StepLosses>,
    /// Whether the CPU's copy was renewed.
    pub(crate) mirrored: bool,
}

/// One run on the device.
pub(crate) struct DeviceRun {
    trainer: GpuTrainer,
    labelled: Vec<Vec<bool>>,
    /// The step that is queued next.
    step: u64,
    /// Steps that the trainer has and that were not submitted.
    n_queued: usize,
    flights: VecDeque<Flight>,
    n_in_flight: usize,
    /// Completed steps.
    n_done: u64,
    queue_depth: QueueDepth,
    n_unread: usize,
    losses: Option<LossesReading>,
    losses_ms: f64,
    /// The step at which the copy is taken, and the pending reading.
    mirror: Option<(u64, MirrorReading)>,
    mirror_ms: f64,
    /// The step of the CPU's copy.
    mirrored: u64,
}

impl DeviceRun {
    /// A run with the state of the CPU.
    pub(crate) fn new(prepared: Prepared, run: &TrainingRun) -> Result<Self, GpuError> {
        let mut new = Self {
            trainer: prepared.trainer,
            labelled: prepared.labelled,
            step: 0,
            n_queued: 0,
            flights: VecDeque::new(),
            n_in_flight: 0,
            n_done: 0,
            queue_depth: QueueDepth::default(),
            n_unread: 0,
            losses: None,
            losses_ms: f64::NEG_INFINITY,
            mirror: None,
            mirror_ms: f64::INFINITY,
            mirrored: 0,
        };
        new.take_over(run)?;
        Ok(new)
    }

    /// Replaces the state on the device by that of the CPU.
    pub(crate) fn take_over(&mut self, run: &TrainingRun) -> Result<(), GpuError> {
        self.trainer.write_values(run.model().values())?;
        let optimizer = &run.trainer.state.optimizer;
        self.trainer
            .write_optimizer(optimizer.step(), optimizer.slots())?;
        self.trainer.forget_losses();
        self.n_queued = 0;
        self.n_unread = 0;
        self.losses = None;
        self.mirror = None;
        self.mirror_ms = f64::INFINITY;
        self.step = run.n_steps();
        self.mirrored = run.n_steps();
        Ok(())
    }

    /// The step that is queued next.
    pub(crate) fn step(&self) -> u64 {
        self.step
    }

    /// The step of the CPU's copy: what is left when the device is lost.
    pub(crate) fn mirrored(&self) -> u64 {
        self.mirrored
    }

    /// Completed steps.
    pub(crate) fn n_done(&self) -> u64 {
        self.n_done
    }

    /// Whether the CPU's copy is the run as it is and every loss has been read.
    pub(crate) fn is_settled(&self) -> bool {
        self.mirrored == self.step && self.n_unread == 0 && self.losses.is_none()
    }

    /// Queues the next step unless enough are waiting.
    pub(crate) fn queue(&mut self, run: &mut TrainingRun, now_ms: f64) -> Result<Queued, GpuError> {
        if self.n_in_flight + self.n_queued >= self.queue_depth.ahead() {
            self.flush(now_ms)?;
            return Ok(Queued::Full);
        }
        let (step, labelled) = (self.step, &self.labelled);
        let learning_rate = run.request(step).learning_rate;
        let (rows, trainer) = run.rows(step);
        let n_rows = rows.len();
        trainer.report.learning_rate = learning_rate;
        let task_weights = trainer.constant_weights(step, |task_idx| {
            rows.iter().any(|row| labelled[task_idx][*row as usize])
        });
        self.trainer.step(
            rows,
            &GpuStep {
                step,
                learning_rate,
                task_weights,
            },
        )?;
        self.step += 1;
        self.n_unread += 1;
        self.n_queued += 1;
        if self.n_queued >= self.queue_depth.batch() {
            self.flush(now_ms)?;
        }
        Ok(Queued::Step(n_rows))
    }

    /// Submits the queued steps.
    fn flush(&mut self, now_ms: f64) -> Result<(), GpuError> {
        if self.n_queued > 0 {
            self.flights.push_back(Flight {
                n_steps: self.n_queued,
                submitted_ms: now_ms,
                finished: self.trainer.finished()?,
            });
            self.n_in_flight += self.n_queued;
            self.n_queued = 0;
        }
        Ok(())
    }

    /// Starts the readings that are missing for [`DeviceRun::is_settled`].
    pub(crate) fn settle(&mut self, now_ms: f64) -> Result<(), GpuError> {
        self.flush(now_ms)?;
        if self.n_unread > 0 && self.losses.is_none() {
            self.read_losses(now_ms)?;
        }
        if self.mirrored != self.step && self.mirror.is_none() {
            self.begin_mirror(now_ms)?;
        }
        Ok(())
    }

    fn read_losses(&mut self, now_ms: f64) -> Result<(), GpuError> {
        self.losses = Some(self.trainer.start_losses()?);
        self.losses_ms = now_ms;
        self.n_unread = 0;
        Ok(())
    }

    fn begin_mirror(&mut self, now_ms: f64) -> Result<(), GpuError> {
        self.mirror = Some((self.step, self.trainer.start_mirror()?));
        self.mirror_ms = now_ms;
        Ok(())
    }

    /// Processes completed operations, copies read-back state into the CPU's model and optimizer, and starts the readings that are due.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        run: &mut TrainingRun,
        now_ms: f64,
    ) -> Result<DeviceProgress, GpuError> {
        self.poll_flights(context, now_ms)?;
        let mut progress = DeviceProgress::default();
        if let Some(reading) = &mut self.losses
            && let Poll::Ready(losses) = Pin::new(reading).poll(context)
        {
            self.losses = None;
            progress.losses = losses?;
        }
        if let Some((step, reading)) = &mut self.mirror
            && let Poll::Ready(mirror) = Pin::new(reading).poll(context)
        {
            let (step, mirror) = (*step, mirror?);
            self.mirror = None;
            run.trainer.model.values_mut().copy_from_slice(&mirror.values);
            // A state that does not fit (momentum was switched on meanwhile) starts afresh, as on the CPU.
            let optimizer = &mut run.trainer.state.optimizer;
            let _ = optimizer.restore(mirror.optimizer_step, &mirror.slots);
            self.mirrored = step;
            progress.mirrored = true;
        }
        if self.n_unread > 0 && self.losses.is_none() && now_ms - self.losses_ms >= LOSSES_MS {
            self.flush(now_ms)?;
            self.read_losses(now_ms)?;
        }
        self.mirror_ms = self.mirror_ms.min(now_ms);
        if self.mirror.is_none() && self.mirrored != self.step && now_ms - self.mirror_ms >= MIRROR_MS {
            self.flush(now_ms)?;
            self.begin_mirror(now_ms)?;
        }
        Ok(progress)
    }

    /// Processes completed submissions.
    pub(crate) fn poll_flights(&mut self, context: &mut Context<'_>, now_ms: f64) -> Result<(), GpuError> {
        let (mut n_steps, mut submitted_ms) = (0, now_ms);
        while let Some(flight) = self.flights.front_mut() {
            match Pin::new(&mut flight.finished).poll(context) {
                Poll::Pending => break,
                Poll::Ready(done) => done?,
            }
            n_steps += flight.n_steps;
            submitted_ms = submitted_ms.min(flight.submitted_ms);
            self.flights.pop_front();
        }
        if n_steps > 0 {
            self.n_in_flight -= n_steps;
            self.n_done += n_steps as u64;
            self.queue_depth.done(n_steps, submitted_ms, now_ms);
        }
        Ok(())
    }
}
