//! WebGPU in a session: when the device is requested, which steps it makes, and the fallback when it fails.
//!
//! ```text
//! Off ──Play──> Requesting > Preparing ──automatic──> Timing ──the device is faster──> On
//!  ^              │           │ └────────────────WebGPU──────────────────────────────> │
//!  └─ no adapter ─┴─ no kernel, no room, lost, refused, CPU faster, CPU chosen ────────┘
//! ```
//! While it is prepared and timed, a run with an automatic choice trains on the CPU. While it is on, the CPU's model and
//! optimizer are a copy that lags behind; what needs them (an evaluation, a prediction, a file, a change of the plan)
//! first lets the device *settle*: nothing is queued until everything has been read back. Whatever fails, the run goes on
//! on the CPU from the last copy.

use std::task::{Context, Poll, Waker};

use mtl_base::text::{Explain, Message, Text};
use mtl_program::gpu::{GpuDevice, GpuError};
use mtl_program::plan::Plan;

use super::{Outgoing, RunPhase, Session};
use crate::RunError;
use crate::protocol::{Backend, RunSettings, RunsOn};
use crate::run::TrainingRun;
use crate::step::{Capabilities, Limitation};
use crate::webgpu::timing::Timing;
use crate::webgpu::{DeviceProgress, DeviceRequest, DeviceRun, Prepared, Preparing, Queued, prepare};

const PREPARING: Text = Text::new("WebGPU is being prepared", "正在准备 WebGPU");
const MEASURING: Text = Text::new(
    "CPU and WebGPU are being compared on this design",
    "正在按此设计比较 CPU 与 WebGPU",
);

/// What makes the next step.
pub(super) enum Turn {
    /// Other work was done.
    Taken,
    /// Blocked until the device completes an operation.
    Waiting,
    /// The CPU makes the next step.
    Cpu,
    /// The device makes the next step.
    Webgpu,
}

/// State of WebGPU.
#[derive(Default)]
pub(super) struct Webgpu {
    /// Wakes the caller of the slices. It outlives the run.
    waker: Option<Waker>,
    /// The device, which outlives the run.
    device: Option<GpuDevice>,
    stage: Stage,
    /// Whether the choice was made for this run.
    is_chosen: bool,
    why: Option<Message>,
    /// Reasons for settling.
    settles: Settles,
}

#[derive(Default)]
enum Stage {
    #[default]
    Off,
    Requesting(DeviceRequest, Then),
    Preparing(Preparing, Then),
    Timing(Box<DeviceRun>, Timing),
    On(Box<DeviceRun>),
}

/// What follows the preparation of the device.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Time,
    Run,
}

impl Then {
    /// What makes the next step while the device is prepared: with an automatic choice the CPU does.
    fn meanwhile(self) -> Turn {
        match self {
            Self::Time => Turn::Cpu,
            Self::Run => Turn::Waiting,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Settles {
    /// The step was the last one of an epoch or of a request.
    after_step: bool,
    /// The plan or the optimizer's constants have changed.
    renews: bool,
    /// The CPU takes over.
    leaves: bool,
}

impl Webgpu {
    /// Stops its work for the run.
    pub(super) fn forget_run(&mut self) {
        *self = Self {
            waker: self.waker.take(),
            device: self.device.take().filter(|device| device.check().is_ok()),
            ..Self::default()
        };
    }

    pub(super) fn set_waker(&mut self, waker: Waker) {
        self.waker = Some(waker);
    }
}

impl Session {
    /// The device of the session, for inspection and tests.
    pub fn webgpu_device(&self) -> Option<GpuDevice> {
        self.webgpu.device.clone()
    }

    pub(super) fn runs_on(&self) -> RunsOn {
        let is_on = matches!(self.webgpu.stage, Stage::On(_));
        RunsOn {
            webgpu: self.webgpu.device.as_ref().filter(|_| is_on).map(GpuDevice::name),
            why: self.webgpu.why.clone(),
        }
    }

    pub(super) fn trains_on_webgpu(&self) -> bool {
        matches!(self.webgpu.stage, Stage::On(_))
    }

    /// Whether the CPU's copy is older than the run.
    pub(super) fn is_ahead(&self) -> bool {
        matches!(&self.webgpu.stage, Stage::On(run) if !run.is_settled())
    }

    /// Whether a run that stands still is still to be read back.
    pub(super) fn is_unsettled(&self) -> bool {
        self.is_ahead() || !self.deferred.is_empty()
    }

    /// Called when training begins: requests the device when the settings want it and it was not requested yet.
    pub(super) fn choose_backend(&mut self) {
        if let Stage::Timing(_, timing) = &mut self.webgpu.stage {
            timing.restart_device();
        }
        if std::mem::replace(&mut self.webgpu.is_chosen, true) {
            return;
        }
        self.webgpu.why = None;
        let then = match self.settings.backend {
            Backend::Cpu => return,
            Backend::Auto => Then::Time,
            Backend::Webgpu => Then::Run,
        };
        if let Some(limitation) = self.webgpu_limitation(&self.settings) {
            self.webgpu.why = Some(limitation.explain());
            return;
        }
        self.begin_preparing(then);
    }

    /// Why WebGPU cannot make the run's steps under these settings.
    fn webgpu_limitation(&self, settings: &RunSettings) -> Option<Limitation> {
        let run = self.run.as_ref();
        Capabilities::WEBGPU.limitation(settings, run.is_some_and(TrainingRun::has_fresh_rows))
    }

    fn begin_preparing(&mut self, then: Then) {
        let Some(run) = &self.run else { return };
        self.webgpu.device = self.webgpu.device.take().filter(|device| device.check().is_ok());
        self.webgpu.stage = match self.webgpu.device.clone() {
            Some(device) => Stage::Preparing(prepare(device, run), then),
            None => Stage::Requesting(Box::pin(GpuDevice::request()), then),
        };
        self.webgpu.why = Some(PREPARING.into());
    }

    /// Called after the settings changed in a way that the run survives.
    pub(super) fn settings_changed(&mut self, before: &RunSettings) {
        let settings = &self.settings;
        let limitation = self.webgpu_limitation(settings);
        if before.backend != settings.backend || self.webgpu_limitation(before) != limitation {
            self.webgpu.is_chosen = false;
            match self.webgpu.stage {
                Stage::On(_) if settings.backend == Backend::Webgpu && limitation.is_none() => {
                    self.webgpu.is_chosen = true;
                    self.webgpu.why = None;
                }
                Stage::On(_) => self.webgpu.settles.leaves = true,
                _ => self.choose_again(),
            }
        } else if before.optimizer != settings.optimizer || before.clipping != settings.clipping {
            self.renew();
        }
    }

    /// Called after the design changed in a way that the run survives; `before` is the plan that the device knows.
    pub(super) fn plan_changed(&mut self, before: Option<&Plan>) {
        let (Some(before), Some(run)) = (before, &self.run) else {
            return;
        };
        // The weights of the losses are sent with every step.
        let mut weighted = before.clone();
        for (task, now) in weighted.tasks.iter_mut().zip(&run.model().plan().tasks) {
            task.weight = now.weight;
        }
        if weighted != *run.model().plan() {
            self.renew();
        }
    }

    /// The device must be prepared anew.
    fn renew(&mut self) {
        match self.webgpu.stage {
            Stage::Off => {}
            Stage::On(_) => self.webgpu.settles.renews = true,
            Stage::Requesting(..) | Stage::Preparing(..) | Stage::Timing(..) => {
                self.webgpu.is_chosen = false;
                self.choose_again();
            }
        }
    }

    fn choose_again(&mut self) {
        self.webgpu.stage = Stage::Off;
        self.webgpu.why = None;
        if self.phase == RunPhase::Running {
            self.choose_backend();
        }
    }

    /// Records the duration of the step after step `before`, when it was made on the CPU.
    pub(super) fn time_step(&mut self, before: u64, step_ms: f64) {
        if let Stage::Timing(_, timing) = &mut self.webgpu.stage
            && self.run.as_ref().is_some_and(|run| run.n_steps() == before + 1)
        {
            timing.cpu_step(step_ms);
        }
    }

    /// Processes completed operations of the device and determines what makes the next step.
    pub(super) fn turn(&mut self, now_ms: f64, out: &mut Vec<Outgoing>) -> Turn {
        if let Stage::Off = self.webgpu.stage {
            self.answer_deferred(out);
            return Turn::Cpu;
        }
        match self.take_turn(now_ms, out) {
            Ok(turn) => turn,
            Err(error) => {
                self.fall_back(&error, out);
                Turn::Taken
            }
        }
    }

    fn take_turn(&mut self, now_ms: f64, out: &mut Vec<Outgoing>) -> Result<Turn, GpuError> {
        let waker = self.webgpu.waker.as_ref().unwrap_or(Waker::noop()).clone();
        let mut context = Context::from_waker(&waker);
        let Some(run) = &mut self.run else {
            return Ok(Turn::Cpu);
        };
        match &mut self.webgpu.stage {
            Stage::Off => Ok(Turn::Cpu),
            Stage::Requesting(request, then) => {
                let then = *then;
                let Poll::Ready(device) = request.as_mut().poll(&mut context) else {
                    return Ok(then.meanwhile());
                };
                self.webgpu.device = Some(device?);
                self.begin_preparing(then);
                Ok(Turn::Taken)
            }
            Stage::Preparing(preparing, then) => {
                let then = *then;
                let Poll::Ready(prepared) = preparing.as_mut().poll(&mut context) else {
                    return Ok(then.meanwhile());
                };
                self.prepared(prepared?, then, out)?;
                Ok(Turn::Taken)
            }
            Stage::Timing(_, timing) if timing.wants_cpu() => Ok(Turn::Cpu),
            Stage::Timing(device_run, timing) => {
                device_run.poll_flights(&mut context, now_ms)?;
                if let Some(rates) = timing.device(device_run.n_done(), now_ms) {
                    let adapter = self
                        .webgpu
                        .device
                        .as_ref()
                        .map(GpuDevice::name)
                        .unwrap_or_default();
                    self.webgpu.why = Some(rates.explain(&adapter));
                    self.webgpu.stage = match std::mem::take(&mut self.webgpu.stage) {
                        Stage::Timing(mut device_run, _) if rates.device_wins() => {
                            device_run.take_over(run)?;
                            Stage::On(device_run)
                        }
                        _ => Stage::Off,
                    };
                    self.push_status(out);
                    return Ok(Turn::Taken);
                }
                Ok(match device_run.queue(run, now_ms)? {
                    Queued::Step(_) => Turn::Taken,
                    Queued::Full => Turn::Waiting,
                })
            }
            Stage::On(device_run) => {
                let progress = device_run.poll(&mut context, run, now_ms)?;
                let mut diverged = self.add_losses(&progress);
                if progress.mirrored && diverged.is_none() {
                    diverged = self.check_copy();
                }
                if let Some(error) = diverged {
                    self.halt_on_copy(&error, out);
                    return Ok(Turn::Taken);
                }
                self.settle(now_ms, out)
            }
        }
    }

    /// Kernels and data are on the device.
    fn prepared(&mut self, prepared: Prepared, then: Then, out: &mut Vec<Outgoing>) -> Result<(), GpuError> {
        let Some(run) = &self.run else { return Ok(()) };
        let device_run = Box::new(DeviceRun::new(prepared, run)?);
        (self.webgpu.stage, self.webgpu.why) = match then {
            Then::Time => (
                Stage::Timing(device_run, Timing::default()),
                Some(MEASURING.into()),
            ),
            Then::Run => (Stage::On(device_run), None),
        };
        self.push_status(out);
        Ok(())
    }

    /// Adds the losses that were read from the device; the error when one of them shows divergence.
    fn add_losses(&mut self, progress: &DeviceProgress) -> Option<RunError> {
        let run = self.run.as_mut()?;
        for step in &progress.losses {
            for (task_idx, (loss, n_rows)) in step.losses.iter().zip(&step.labelled_rows).enumerate() {
                if *n_rows > 0
                    && let Err(error) = run.trainer.check_loss(task_idx, *loss, step.step)
                {
                    return Some(error);
                }
            }
            self.pending.add(&step.losses, &step.labelled_rows);
        }
        None
    }

    /// Checks the state that was copied from the device, and keeps it as a good one.
    fn check_copy(&mut self) -> Option<RunError> {
        let (Stage::On(device_run), Some(run)) = (&self.webgpu.stage, &mut self.run) else {
            return None;
        };
        let step = std::mem::replace(&mut run.trainer.state.step, device_run.mirrored());
        let outcome = run.trainer.check_parameters();
        if outcome.is_ok() {
            run.keep_good();
        }
        run.trainer.state.step = step;
        outcome.err()
    }

    /// Stops a run that diverged on the device, at the state that was copied last.
    fn halt_on_copy(&mut self, error: &RunError, out: &mut Vec<Outgoing>) {
        self.back_to_copy();
        self.halt_diverged(error, out);
        self.answer_deferred(out);
    }

    /// Leaves the device; the run continues from the state that was copied to the CPU last.
    fn back_to_copy(&mut self) {
        if let (Stage::On(device_run), Some(run)) = (std::mem::take(&mut self.webgpu.stage), &mut self.run) {
            run.trainer.state.step = device_run.mirrored();
        }
        self.webgpu.settles = Settles::default();
    }

    /// Settles the device when there is a reason to, then acts on the reasons.
    fn settle(&mut self, now_ms: f64, out: &mut Vec<Outgoing>) -> Result<Turn, GpuError> {
        let Stage::On(device_run) = &mut self.webgpu.stage else {
            return Ok(Turn::Cpu);
        };
        let settles = self.webgpu.settles;
        let reason = settles.after_step
            || settles.renews
            || settles.leaves
            || !self.deferred.is_empty()
            || self.phase != RunPhase::Running;
        if !reason {
            return Ok(Turn::Webgpu);
        }
        if !device_run.is_settled() {
            device_run.settle(now_ms)?;
            return Ok(Turn::Waiting);
        }
        self.webgpu.settles = Settles::default();
        self.answer_deferred(out);
        if settles.after_step {
            self.after_step(out);
        }
        if self.phase != RunPhase::Running && self.pending.n_steps > 0 {
            self.report_progress(out);
        }
        if settles.leaves {
            self.choose_again();
            self.push_status(out);
        } else if settles.renews {
            self.begin_preparing(Then::Run);
        }
        Ok(Turn::Taken)
    }

    /// Queues a step; false when the queue is full.
    pub(super) fn queue_step(&mut self, now_ms: f64, out: &mut Vec<Outgoing>) -> bool {
        let (Stage::On(device_run), Some(run)) = (&mut self.webgpu.stage, &mut self.run) else {
            return true;
        };
        match device_run.queue(run, now_ms) {
            Ok(Queued::Full) => false,
            Ok(Queued::Step(n_rows)) => {
                run.trainer.state.step = device_run.step();
                self.throughput.count(n_rows);
                self.webgpu.settles.after_step = run.at_epoch_end()
                    || (self.targets.front()).is_some_and(|target| target.step <= run.n_steps())
                    || self.all_epochs_done();
                true
            }
            Err(error) => {
                self.fall_back(&error, out);
                true
            }
        }
    }

    /// Continues on the CPU from the last copy, and reports the reason.
    fn fall_back(&mut self, error: &GpuError, out: &mut Vec<Outgoing>) {
        let was_on = self.trains_on_webgpu();
        self.back_to_copy();
        let error = error.explain();
        let step = self.run.as_ref().map_or(0, TrainingRun::n_steps);
        self.webgpu.why = Some(if was_on {
            Message::new(
                format!(
                    "WebGPU failed, and the run goes on on the CPU from step {step}: {}",
                    error.en
                ),
                format!("WebGPU 出错，训练从第 {step} 步起在 CPU 上继续：{}", error.zh),
            )
        } else {
            Message::new(
                format!("WebGPU cannot run this: {}", error.en),
                format!("WebGPU 无法运行：{}", error.zh),
            )
        });
        if was_on {
            self.note = self.webgpu.why.clone();
        }
        self.answer_deferred(out);
        self.push_status(out);
    }
}
