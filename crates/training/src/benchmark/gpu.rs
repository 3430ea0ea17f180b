//! The same loop on WebGPU: rows and parameters are put on the device once, and steps go out as in a run.

use mtl_program::clipping::Clipping;
use mtl_program::gpu::{GpuData, GpuDevice, GpuError, GpuOptions, GpuStep, GpuTrainer};
use thiserror::Error;

use super::{Benchmark, BenchmarkError, BenchmarkSpec};

/// Why a workload does not train on the device.
#[derive(Debug, Error)]
pub enum GpuBenchmarkError {
    /// The design does not become a model.
    #[error(transparent)]
    Design(#[from] BenchmarkError),
    /// There is no device, or it fails.
    #[error(transparent)]
    Device(#[from] GpuError),
}

/// A workload under way on the device.
pub struct GpuBenchmark {
    benchmark: Benchmark,
    trainer: GpuTrainer,
    /// Per batch, its rows.
    batches: Vec<Vec<u32>>,
    task_weights: Vec<f32>,
    step: u64,
}

impl GpuBenchmark {
    /// Asks for a device and compiles the design for it; [`GpuBenchmark::draw_rows`] comes next.
    ///
    /// # Errors
    /// When there is no device, or the design does not train on it.
    pub async fn new(spec: &BenchmarkSpec) -> Result<Self, GpuBenchmarkError> {
        let device = GpuDevice::request().await?;
        let benchmark = Benchmark::new(spec)?;
        let options = GpuOptions {
            max_rows: spec.batch_size,
            run_seed: spec.seed,
            optimizer: benchmark.trainer.settings().optimizer.clone(),
            clipping: Clipping::default(),
        };
        let mut trainer = GpuTrainer::new(&device, benchmark.model().plan(), &options).await?;
        trainer.write_values(benchmark.model().values())?;
        Ok(Self {
            task_weights: benchmark.model().task_weights().collect(),
            benchmark,
            trainer,
            batches: Vec::new(),
            step: 0,
        })
    }

    /// What it is compiled from; its parameters stay as they were at the start.
    pub fn benchmark(&self) -> &Benchmark {
        &self.benchmark
    }

    /// Draws the same rows as [`Benchmark::draw_rows`] and puts them on the device.
    ///
    /// # Errors
    /// When they do not fit there.
    pub async fn draw_rows(&mut self) -> Result<(), GpuBenchmarkError> {
        self.benchmark.draw_rows();
        let batches = &self.benchmark.batches;
        let mut data = GpuData {
            rows: 0,
            ids: vec![Vec::new(); self.benchmark.model().inputs().len()],
            dense: vec![Vec::new(); self.benchmark.model().inputs().len()],
            targets: vec![Vec::new(); self.benchmark.model().tasks().len()],
        };
        self.batches.clear();
        for batch in batches {
            let first = data.rows;
            data.rows += batch.rows();
            self.batches.push((first as u32..data.rows as u32).collect());
            append(&mut data.ids, &batch.ids);
            append(&mut data.dense, &batch.dense);
            append(&mut data.targets, &batch.targets);
        }
        Ok(self.trainer.upload(data).await?)
    }

    /// Trains `n` steps and waits for them. Returns the weighted sum of the tasks' losses before each (of the last some hundred, if
    /// there are more).
    ///
    /// # Errors
    /// When the device fails.
    ///
    /// # Panics
    /// When no rows were drawn.
    pub async fn steps(&mut self, n: u32) -> Result<Vec<f32>, GpuBenchmarkError> {
        let weights = &self.task_weights;
        for _ in 0..n {
            let step = self.step;
            let settings = GpuStep {
                step,
                learning_rate: self.benchmark.learning_rate,
                task_weights: weights,
            };
            let rows = &self.batches[step as usize % self.batches.len()];
            self.trainer.step(rows, &settings)?;
            self.step += 1;
        }
        let losses = self.trainer.read_losses().await?;
        let sum = |losses: &[f32]| {
            losses
                .iter()
                .zip(weights)
                .map(|(loss, weight)| loss * weight)
                .sum()
        };
        Ok(losses.iter().map(|step| sum(&step.losses)).collect())
    }
}

fn append<T: Copy>(columns: &mut [Vec<T>], batch: &[Vec<T>]) {
    for (column, values) in columns.iter_mut().zip(batch) {
        column.extend_from_slice(values);
    }
}
