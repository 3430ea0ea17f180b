//! A run on the device: what the session needs of WebGPU, without ever waiting for it.
//!
//! Everything here is asked again and again (in slices, as the session works) and answers at once: done, or not yet. A
//! [`DeviceRun`] queues steps as far ahead as the device keeps up with ([`pace`]), reads losses at most every
//! [`LOSSES_MS`], and mirrors parameters and optimizer state to the CPU at least every [`MIRROR_MS`], so that a device
//! that is lost costs a few seconds of training and not the run.

pub(crate) mod pace;
mod run;
pub(crate) mod timing;

pub(crate) use run::{Asking, DeviceRun, News, Prepared, Preparing, prepare};

/// Losses are read at most so often: reading back costs frames.
pub(crate) const LOSSES_MS: f64 = 100.0;
/// The CPU's copy of the run is at most so old.
pub(crate) const MIRROR_MS: f64 = 3000.0;

/// What a queue of steps answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queued {
    /// It took a step of so many rows.
    Step(usize),
    /// It is full; the waker will say when it is not.
    Full,
}
