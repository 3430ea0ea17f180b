//! A design trained in a bare loop on random rows: what `cargo xtask bench` measures, natively and in the page's module.
//!
//! No data set, no time slices, no events: the step of a run ([`Trainer::step`]) and nothing beside it. Rows and parameters come from the seed, the same bits on every
//! machine, so that another library can be given the same problem.

#[cfg(feature = "gpu")]
mod gpu;

#[cfg(feature = "gpu")]
pub use gpu::{GpuBenchmark, GpuBenchmarkError};

use mtl_balance::{BalanceConfig, BalanceOptions};
use mtl_base::schema::{FeatureKind, LabelKind, Schema};
use mtl_engine::design::{Design, check::Limits};
use mtl_engine::model::{Batch, BuildError, BuildOptions, Model};
use mtl_kernels::{fused::Rounding, random::Random};
use mtl_program::clipping::Clipping;
use mtl_program::operation::Access;
use mtl_program::optimizers::OptimizerConfig;
use mtl_program::optimizers::adam::Adam;
use mtl_program::plan::Plan;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::RunError;
use crate::step::{Profile, StepObserver, StepRequest, StepSettings, Trainer};

/// How many different batches take turns.
pub const N_BATCHES: usize = 4;

/// Adam's ε. TensorFlow.js adds it after the bias correction and Keras (and this project) before; where it is next to nothing,
/// both compute the same, and the losses can be compared.
const EPSILON: f32 = 1e-10;

/// What is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkSpec {
    /// Name of the workload.
    pub name: String,
    /// The network.
    pub design: Design,
    /// Kinds and sizes of its inputs and labels.
    pub schema: Schema,
    /// Rows of a batch.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub learning_rate: f32,
    /// Seed of parameters and rows.
    pub seed: u64,
    /// Whether products may be [fused](mtl_kernels::fused).
    #[serde(default)]
    pub fused: bool,
    /// How the tasks are balanced.
    #[serde(default)]
    pub balance: BalanceConfig,
}

/// Why a workload does not train.
#[derive(Debug, Error)]
pub enum BenchmarkError {
    /// The design does not become a model.
    #[error(transparent)]
    Design(#[from] BuildError),
    /// The model does not train.
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A compiled workload on its way.
pub struct Benchmark {
    trainer: Trainer,
    batches: Vec<Batch>,
    learning_rate: f32,
    seed: u64,
}

impl Benchmark {
    /// Compiles the design and draws its parameters; [`Benchmark::draw_rows`] comes next.
    ///
    /// # Errors
    /// When the design has an error or needs more memory than there is.
    pub fn new(spec: &BenchmarkSpec) -> Result<Self, BenchmarkError> {
        let options = BuildOptions {
            max_rows: spec.batch_size,
            seed: spec.seed,
            training: true,
        };
        let model = Model::build(&spec.design, &spec.schema, &options)?;
        let adam = OptimizerConfig::Adam(Adam {
            epsilon: EPSILON,
            ..Adam::default()
        });
        let settings = StepSettings {
            optimizer: adam,
            clipping: Clipping::default(),
            lazy_rows: false,
            rounding: Rounding::fused_if(spec.fused),
            balance: spec.balance.clone(),
            balance_options: BalanceOptions::default(),
            measures_tasks: false,
        };
        Ok(Self {
            trainer: Trainer::new(
                model,
                settings,
                spec.seed,
                Vec::new(),
                Limits::default().max_bytes,
            )?,
            batches: Vec::new(),
            learning_rate: spec.learning_rate,
            seed: spec.seed,
        })
    }

    /// Draws the batches: ids uniformly (without padding), numbers and real labels normally, classes uniformly.
    pub fn draw_rows(&mut self) {
        let model = &mut self.trainer.model;
        let (inputs, tasks) = (model.inputs().to_vec(), model.tasks().to_vec());
        let mut random = Random::stream(self.seed, "benchmark rows");
        self.batches.clear();
        for _ in 0..N_BATCHES {
            let batch = model.batch_mut();
            for (slot, input) in inputs.iter().enumerate() {
                match input.kind {
                    FeatureKind::Tokens { cardinality, .. } => {
                        batch.ids[slot].fill_with(|| 1 + random.below(cardinality.max(2) - 1) as u32);
                    }
                    FeatureKind::Id { cardinality } => {
                        batch.ids[slot].fill_with(|| random.below(cardinality) as u32);
                    }
                    FeatureKind::Dense { .. } => batch.dense[slot].fill_with(|| random.normal()),
                }
            }
            for (task, targets) in tasks.iter().zip(&mut batch.targets) {
                targets.fill_with(|| match task.kind {
                    LabelKind::Binary | LabelKind::MultiLabel { .. } => random.below(2) as f32,
                    LabelKind::Classes { n_classes } => random.below(n_classes) as f32,
                    LabelKind::Real => random.normal(),
                });
            }
            self.batches.push(batch.clone());
        }
    }

    /// The compiled design with its parameters as they are now.
    pub fn model(&self) -> &Model {
        &self.trainer.model
    }

    /// The rows, batch by batch.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// Trains one step and returns the weighted sum of the tasks' losses before it.
    ///
    /// # Panics
    /// When no rows were drawn, or the run diverges.
    pub fn step(&mut self) -> f32 {
        self.step_observed(&mut ())
    }

    /// As [`Benchmark::step`], with its times added to `profile`. `clock` gives milliseconds.
    ///
    /// # Panics
    /// When no rows were drawn, the run diverges, or the profile was made for another model.
    pub fn profile_step(&mut self, clock: &dyn Fn() -> f64, profile: &mut Profile) {
        self.step_observed(&mut profile.observe(clock));
    }

    fn step_observed<O: StepObserver>(&mut self, observer: &mut O) -> f32 {
        let rows = &self.batches[self.trainer.n_steps() as usize % self.batches.len()];
        let request = StepRequest {
            learning_rate: self.learning_rate,
            ends_epoch: false,
        };
        self.trainer
            .step(&request, |batch| batch.copy_from(rows), observer)
            .expect("a workload is one that does not diverge");
        let report = self.trainer.report();
        let losses = report.losses.iter().zip(self.trainer.model.task_weights());
        losses.map(|(loss, weight)| loss * weight).sum()
    }

    /// Floating-point operations of a step: a multiply-add counts as two, once forward, once per gradient that is wanted.
    /// Activations, losses and the optimizer are left out, so that a share of a peak is the share of useful products.
    pub fn flops_per_step(&self) -> f64 {
        let model = &self.trainer.model;
        flops_per_row(model.plan()) * model.max_rows() as f64
    }
}

fn flops_per_row(plan: &Plan) -> f64 {
    let trained = plan.trained_values();
    let ops = plan.ops.iter().map(|op| {
        let (mut weights, mut inputs) = (false, false);
        op.visit_parameters(&mut |parameter| weights |= plan.parameters[parameter.0].trainable);
        op.visit_values(&mut |access, value| inputs |= access == Access::Read && trained[value.0]);
        let n_passes = 1 + u32::from(weights) + u32::from(inputs);
        2.0 * op.macs() as f64 * f64::from(n_passes)
    });
    ops.sum()
}
