//! A run on a WebGPU device, without blocking.
//!
//! Everything here is polled in the slices of the session. A
//! [`DeviceRun`] queues steps as far ahead as the device keeps up with ([`queue_depth`]), reads losses at most every
//! [`LOSSES_MS`], and mirrors parameters and optimizer state to the CPU at least every [`MIRROR_MS`], so that a device
//! that is lost costs a few seconds of training and not the run.

mod queue_depth;
mod run;
pub(crate) mod timing;

pub(crate) use run::{DeviceProgress, DeviceRequest, DeviceRun, Prepared, Preparing, prepare};

/// Least time between two readings of losses, in milliseconds: reading back costs frames.
pub(crate) const LOSSES_MS: f64 = 100.0;
/// Greatest age of the CPU's copy of the run, in milliseconds.
pub(crate) const MIRROR_MS: f64 = 3000.0;

/// The outcome of queueing a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// A step with this number of rows was queued.
    Step(usize),
    /// The queue is full; the waker is woken when it is not.
    Full,
}
