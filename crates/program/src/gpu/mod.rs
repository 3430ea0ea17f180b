//! Trains a plan on the GPU, through WebGPU. See `docs/webgpu.md`.
//!
//! Parameters, the optimizer's state, the encoded data set and the arena stay on the device. A step sends the numbers of
//! its rows and a kilobyte of constants; several steps go in one submission; losses are kept on the device until they
//! are asked for. Nothing waits for the device but what reads back.
//!
//! ```no_run
//! # async fn train(plan: &mtl_program::plan::Plan, values: &[f32], data: mtl_program::gpu::GpuData)
//! # -> Result<(), mtl_program::gpu::GpuError> {
//! use mtl_program::gpu::{GpuDevice, GpuOptions, GpuStep, GpuTrainer};
//! let device = GpuDevice::request().await?;
//! let options = GpuOptions { max_rows: 64, ..GpuOptions::default() };
//! let mut trainer = GpuTrainer::new(&device, plan, &options).await?;
//! trainer.write_values(values)?;
//! trainer.upload(data).await?;
//! for step in 0..100 {
//!     let rows: Vec<u32> = (0..64).collect();
//!     trainer.step(&rows, &GpuStep { step, learning_rate: 0.001, task_weights: &[1.0] })?;
//! }
//! let losses = trainer.read_losses().await?;
//! let values = trainer.read_values().await?;
//! # Ok(()) }
//! ```

mod device;
mod pipelines;
mod program;
mod reading;
mod schedule;
mod trainer;
mod update;

pub use crate::operation::gpu::GpuError;
pub use device::GpuDevice;
pub use program::{HISTORY, Pass};
pub use reading::{Finished, LossesReading, Mirror, MirrorReading};
pub use trainer::{GpuData, GpuOptions, GpuStep, GpuTrainer, StepLosses};

use crate::{
    operation::gpu::{LOSS_SUM, Shader},
    ops::Op,
};

/// All shaders: those of the ops, and those of the backend itself.
pub fn shaders() -> impl Iterator<Item = &'static Shader> {
    let own = [
        &program::INPUT,
        &LOSS_SUM,
        &update::PENALTY,
        &update::CLIP,
        &update::OPTIMIZER,
    ];
    own.into_iter().chain(Op::shaders())
}
