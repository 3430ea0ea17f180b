//! What comes back from the device: numbers, and the news that work is done.
//!
//! Beginning to read queues a copy, so that what is read is the state after all steps that were queued before; further
//! steps may be queued while the copy is under way. The futures borrow nothing. In a browser they are woken by its event
//! loop; natively each poll looks at the device once, so whoever waits polls again.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use futures_channel::oneshot;

use super::{
    device::GpuDevice,
    program::HISTORY,
    trainer::{GpuTrainer, StepLosses},
};
use crate::{ids::ValueId, operation::gpu::GpuError};

/// A callback of the device as a future; true when all went well.
struct Signal {
    device: GpuDevice,
    receiver: oneshot::Receiver<bool>,
}

impl Signal {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<(), GpuError>> {
        // In a browser the event loop does this, and the call returns at once.
        let polled = self.device.device.poll(wgpu::PollType::Poll);
        match Pin::new(&mut self.receiver).poll(context) {
            Poll::Ready(Ok(true)) => Poll::Ready(self.device.check()),
            Poll::Pending if polled.is_ok() && self.device.check().is_ok() => {
                #[cfg(not(target_arch = "wasm32"))]
                context.waker().wake_by_ref();
                Poll::Pending
            }
            _ => Poll::Ready(self.device.check().and(Err(GpuError::Lost {
                reason: "it does not answer".to_owned(),
            }))),
        }
    }
}

/// Done when the device has done everything that was submitted before.
pub struct Finished(Signal);

impl Future for Finished {
    type Output = Result<(), GpuError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(context)
    }
}

/// Numbers on their way back.
pub struct Reading {
    /// None when there is nothing to read.
    signal: Option<Signal>,
    staging: Option<wgpu::Buffer>,
    len: usize,
}

impl Reading {
    /// Copies the numbers, as many as were asked for, once the reading is done.
    fn copy_to(&self, target: &mut Vec<f32>) -> Result<(), GpuError> {
        target.clear();
        target.reserve_exact(self.len);
        let Some(staging) = &self.staging else {
            return Ok(());
        };
        let view = staging.get_mapped_range(..).map_err(|_| GpuError::Lost {
            reason: "what was read is gone".to_owned(),
        })?;
        target.extend(
            view.chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])),
        );
        Ok(())
    }

    fn poll_done(&mut self, context: &mut Context<'_>) -> Poll<Result<(), GpuError>> {
        match &mut self.signal {
            None => Poll::Ready(Ok(())),
            Some(signal) => signal.poll(context).map(|done| {
                self.signal = None;
                done
            }),
        }
    }
}

impl Future for Reading {
    type Output = Result<Vec<f32>, GpuError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_done(context).map(|done| {
            done?;
            let mut numbers = Vec::new();
            self.copy_to(&mut numbers).map(|()| numbers)
        })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        if let Some(staging) = &self.staging {
            staging.destroy();
        }
    }
}

/// Losses on their way back: see [`GpuTrainer::start_losses`].
pub struct LossesReading {
    history: Reading,
    n_tasks: usize,
    steps: Vec<UnreadStep>,
}

/// A step whose losses have not been read.
pub(super) struct UnreadStep {
    pub(super) step: u64,
    /// Place in the history.
    pub(super) place: usize,
    /// Per task.
    pub(super) labelled_rows: Vec<usize>,
}

impl Future for LossesReading {
    type Output = Result<Vec<StepLosses>, GpuError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        Pin::new(&mut this.history).poll(context).map(|history| {
            let (history, n_tasks) = (history?, this.n_tasks);
            let number = |place: usize, task: usize| history[place * 2 * n_tasks + task];
            let losses = |unread: UnreadStep| StepLosses {
                step: unread.step,
                losses: (0..n_tasks).map(|task| number(unread.place, 2 * task)).collect(),
                scores: (0..n_tasks)
                    .map(|task| number(unread.place, 2 * task + 1))
                    .collect(),
                labelled_rows: unread.labelled_rows,
            };
            Ok(this.steps.drain(..).map(losses).collect())
        })
    }
}

/// Parameters and the optimizer's state on their way back: see [`GpuTrainer::start_mirror`].
pub struct MirrorReading {
    values: Reading,
    slots: Vec<Reading>,
    optimizer_step: u64,
}

/// The state of a run: see [`GpuTrainer::start_mirror`].
#[derive(Clone, Debug, PartialEq)]
pub struct Mirror {
    /// Parameters, flat.
    pub values: Vec<f32>,
    /// Steps that the optimizer has made.
    pub optimizer_step: u64,
    /// Its slots, as [`Optimizer::restore`](crate::optimizers::Optimizer::restore) takes them.
    pub slots: Vec<Vec<f32>>,
}

impl Future for MirrorReading {
    type Output = Result<Mirror, GpuError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        for reading in this.slots.iter_mut().chain([&mut this.values]) {
            match reading.poll_done(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        let copy = |reading: &Reading| {
            let mut numbers = Vec::new();
            reading.copy_to(&mut numbers).map(|()| numbers)
        };
        let mirror = || {
            Ok(Mirror {
                values: copy(&this.values)?,
                optimizer_step: this.optimizer_step,
                slots: this.slots.iter().map(copy).collect::<Result<_, _>>()?,
            })
        };
        Poll::Ready(mirror())
    }
}

impl GpuDevice {
    /// Done when the device has done everything that was submitted up to now.
    pub(super) fn finished(&self) -> Finished {
        let (sender, receiver) = oneshot::channel();
        self.queue.on_submitted_work_done(move || {
            // The receiver is gone when nobody waits any more.
            let _ = sender.send(true);
        });
        Finished(Signal {
            device: self.clone(),
            receiver,
        })
    }

    /// Begins to copy numbers back.
    fn start_reading(&self, source: &wgpu::Buffer, start: usize, len: usize) -> Result<Reading, GpuError> {
        self.check()?;
        if len == 0 {
            return Ok(Reading {
                signal: None,
                staging: None,
                len,
            });
        }
        let size = 4 * len as u64;
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(source, 4 * start as u64, &staging, 0, size);
        self.queue.submit([encoder.finish()]);
        let (sender, receiver) = oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // As above.
            let _ = sender.send(result.is_ok());
        });
        Ok(Reading {
            signal: Some(Signal {
                device: self.clone(),
                receiver,
            }),
            staging: Some(staging),
            len,
        })
    }
}

impl GpuTrainer {
    /// Sends the steps that wait; done when the device has done everything.
    ///
    /// # Errors
    /// When the device failed.
    pub fn finished(&mut self) -> Result<Finished, GpuError> {
        self.submit()?;
        Ok(self.device.finished())
    }

    /// Begins to read the losses of the steps that were not read yet, oldest first; of the last [`HISTORY`] steps at
    /// most. More than [`HISTORY`] steps must not be queued before it is done.
    ///
    /// # Errors
    /// When the device failed.
    pub fn start_losses(&mut self) -> Result<LossesReading, GpuError> {
        self.submit()?;
        let (program, width) = (&self.compiled.program, 2 * self.n_tasks);
        Ok(LossesReading {
            history: self
                .device
                .start_reading(&self.compiled.arena, program.history, width * HISTORY)?,
            n_tasks: self.n_tasks,
            steps: self.unread.drain(..).collect(),
        })
    }

    /// Losses of the steps that were not read yet: see [`GpuTrainer::start_losses`].
    ///
    /// # Errors
    /// When the device failed.
    pub async fn read_losses(&mut self) -> Result<Vec<StepLosses>, GpuError> {
        self.start_losses()?.await
    }

    /// Losses that were not read are not wanted.
    pub fn forget_losses(&mut self) {
        self.unread.clear();
    }

    /// Begins to read parameters and the optimizer's state as they are after all steps that were queued.
    ///
    /// # Errors
    /// When the device failed.
    pub fn start_mirror(&mut self) -> Result<MirrorReading, GpuError> {
        self.submit()?;
        let parameters = &self.parameters;
        let all = |buffer| self.device.start_reading(buffer, 0, parameters.len);
        Ok(MirrorReading {
            values: all(&parameters.values)?,
            slots: parameters.slots[..self.options.optimizer.n_slots()]
                .iter()
                .map(all)
                .collect::<Result<_, _>>()?,
            optimizer_step: self.optimizer_step,
        })
    }

    /// Parameters as they are after all steps that were queued.
    ///
    /// # Errors
    /// When the device failed.
    pub async fn read_values(&mut self) -> Result<Vec<f32>, GpuError> {
        self.submit()?;
        self.device
            .start_reading(&self.parameters.values, 0, self.parameters.len)?
            .await
    }

    /// The optimizer's steps and slots, as [`Optimizer::restore`](crate::optimizers::Optimizer::restore) takes them.
    ///
    /// # Errors
    /// When the device failed.
    pub async fn read_optimizer(&mut self) -> Result<(u64, Vec<Vec<f32>>), GpuError> {
        let mirror = self.start_mirror()?.await?;
        Ok((mirror.optimizer_step, mirror.slots))
    }

    /// Gradients of the last [`Pass::Gradients`](super::Pass::Gradients).
    ///
    /// # Errors
    /// When the device failed.
    pub async fn read_gradients(&mut self) -> Result<Vec<f32>, GpuError> {
        self.submit()?;
        self.device
            .start_reading(&self.parameters.gradients, 0, self.parameters.len)?
            .await
    }

    /// What a task predicted for the `rows` rows of the last pass.
    ///
    /// # Errors
    /// When the device failed.
    pub async fn read_outputs(&mut self, task_idx: usize, rows: usize) -> Result<Vec<f32>, GpuError> {
        self.read_value(self.outputs[task_idx], rows * self.widths[task_idx])
            .await
    }

    /// The first `len` numbers of a value after the last pass; empty when the program keeps none of it.
    ///
    /// # Errors
    /// When the device failed.
    pub async fn read_value(&mut self, value: ValueId, len: usize) -> Result<Vec<f32>, GpuError> {
        self.submit()?;
        match self.compiled.program.values[value.0] {
            Some(start) => self.device.start_reading(&self.compiled.arena, start, len)?.await,
            None => Ok(Vec::new()),
        }
    }
}
