//! What the GPU tests share.
#![allow(dead_code, reason = "each test uses a part of it")]

pub mod parity;

use std::{
    future::Future,
    io::Write,
    pin::pin,
    task::{Context, Poll, Waker},
};

use mtl_engine::model::Model;
use mtl_program::gpu::{GpuData, GpuDevice, GpuStep};

/// Natively every wait is over when it is first asked about, so this spins little.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
            return result;
        }
        std::thread::yield_now();
    }
}

/// A device; without one the test is skipped, and says so past the harness, which hides what passing tests print.
pub fn device() -> Option<GpuDevice> {
    match block_on(GpuDevice::request()) {
        Ok(device) => Some(device),
        Err(error) => {
            say(&format!("SKIPPED, nothing was compared: {error}"));
            None
        }
    }
}

/// The device twice: with teams of threads, as on a graphics card, and with threads that work alone, as on a program that
/// plays one.
pub fn both_ways() -> Vec<GpuDevice> {
    device().map_or_else(Vec::new, |device| {
        [false, true]
            .map(|alone| device.clone().with_threads_alone(alone))
            .into()
    })
}

pub const fn step(step: u64, learning_rate: f32, task_weights: &[f32]) -> GpuStep<'_> {
    GpuStep {
        step,
        learning_rate,
        task_weights,
    }
}

/// The model's batch as data for the device.
pub fn batch_of(model: &Model) -> GpuData {
    let batch = model.batch();
    GpuData {
        rows: batch.rows(),
        ids: batch.ids.clone(),
        dense: batch.dense.clone(),
        targets: batch.targets.clone(),
    }
}

/// The largest error of a tensor against the largest number in it, or what is further apart than `tolerance`.
pub fn difference(what: &str, got: &[f32], expected: &[f32], tolerance: f32) -> Result<f32, String> {
    if got.len() != expected.len() {
        return Err(format!("{what}: {} numbers, not {}", got.len(), expected.len()));
    }
    let scale = expected
        .iter()
        .fold(1e-3_f32, |scale, value| scale.max(value.abs()));
    let mut largest = 0.0_f32;
    for (index, (got, expected)) in got.iter().zip(expected).enumerate() {
        let difference = (got - expected).abs();
        // A NaN is within no bound.
        if difference.is_nan() || difference > tolerance * scale {
            return Err(format!(
                "{what}, {index}: GPU {got}, CPU {expected}, they differ by {difference} where the largest is {scale}"
            ));
        }
        largest = largest.max(difference / scale);
    }
    Ok(largest)
}

/// [`difference`] for a test.
pub fn check(what: &str, got: &[f32], expected: &[f32], tolerance: f32) {
    if let Err(apart) = difference(what, got, expected, tolerance) {
        panic!("{apart}");
    }
}

/// Prints a line past the harness.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
