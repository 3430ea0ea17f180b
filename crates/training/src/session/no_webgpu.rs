//! Replacement of `webgpu.rs` in a build without WebGPU.

use std::task::Waker;

use mtl_base::text::Text;
use mtl_program::plan::Plan;

use super::{Outgoing, Session};
use crate::protocol::{Backend, RunSettings, RunsOn};

const MISSING: Text = Text::new(
    "on the CPU: this program was built without WebGPU",
    "在 CPU 上训练：此程序构建时未包含 WebGPU",
);

/// What makes the next step.
#[expect(dead_code, reason = "without WebGPU it is always the CPU")]
pub(super) enum Turn {
    /// Other work was done.
    Taken,
    /// Blocked until an operation is completed.
    Waiting,
    /// The CPU makes the next step.
    Cpu,
    /// WebGPU makes the next step.
    Webgpu,
}

/// State of WebGPU: none.
#[derive(Default)]
pub(super) struct Webgpu;

impl Webgpu {
    pub(super) fn forget_run(&mut self) {}

    pub(super) fn set_waker(&mut self, _waker: Waker) {}
}

impl Session {
    pub(super) fn runs_on(&self) -> RunsOn {
        RunsOn {
            webgpu: None,
            why: (self.settings.backend == Backend::Webgpu).then(|| MISSING.into()),
        }
    }

    pub(super) fn trains_on_webgpu(&self) -> bool {
        false
    }

    pub(super) fn is_ahead(&self) -> bool {
        false
    }

    pub(super) fn is_unsettled(&self) -> bool {
        false
    }

    pub(super) fn choose_backend(&mut self) {}

    pub(super) fn settings_changed(&mut self, _before: &RunSettings) {}

    pub(super) fn plan_changed(&mut self, _before: Option<&Plan>) {}

    pub(super) fn time_step(&mut self, _before: u64, _step_ms: f64) {}

    pub(super) fn turn(&mut self, _now_ms: f64, out: &mut Vec<Outgoing>) -> Turn {
        self.answer_deferred(out);
        Turn::Cpu
    }

    pub(super) fn queue_step(&mut self, _now_ms: f64, _out: &mut [Outgoing]) -> bool {
        true
    }
}
