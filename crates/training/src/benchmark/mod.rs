//! A design trained in a bare loop on random rows: what `cargo xtask bench` measures, natively and in the page's module.
//!
//! No data set, no time slices, no events: a step is what it is in a [`Session`](crate::Session) (rows into the batch,
//! forward, backward, Adam) and nothing beside it. Rows and parameters come from the seed, the same bits on every
//! machine, so that another library can be given the same problem.

#[cfg(feature = "gpu")]
mod gpu;

#[cfg(feature = "gpu")]
pub use gpu::{GpuBenchmark, GpuBenchmarkError};

use mtl_base::schema::{FeatureKind, Schema};
use mtl_engine::design::Design;
use mtl_engine::metrics::TaskOutput;
use mtl_engine::model::{Batch, BuildError, BuildOptions, Model, Profile};
use mtl_kernels::random::Random;
use mtl_program::operation::Access;
use mtl_program::optimizers::adam::Adam;
use mtl_program::optimizers::{Optimizer, OptimizerConfig};
use mtl_program::plan::Plan;
use mtl_program::specs::Mode;
use serde::{Deserialize, Serialize};

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
}

/// A compiled workload on its way.
pub struct Benchmark {
    model: Model,
    optimizer: Optimizer,
    task_weights: Vec<f32>,
    batches: Vec<Batch>,
    learning_rate: f32,
    seed: u64,
    step: u64,
}

impl Benchmark {
    /// Compiles the design and draws its parameters; [`Benchmark::draw_rows`] comes next.
    ///
    /// # Errors
    /// When the design has an error or needs more memory than there is.
    pub fn new(spec: &BenchmarkSpec) -> Result<Self, BuildError> {
        let options = BuildOptions {
            max_rows: spec.batch_size,
            seed: spec.seed,
            training: true,
        };
        let mut model = Model::build(&spec.design, &spec.schema, &options)?;
        model.set_fused(spec.fused);
        let adam = OptimizerConfig::Adam(Adam {
            epsilon: EPSILON,
            ..Adam::default()
        });
        Ok(Self {
            optimizer: Optimizer::new(&adam, model.values().len()),
            task_weights: model.task_weights().collect(),
            batches: Vec::new(),
            learning_rate: spec.learning_rate,
            seed: spec.seed,
            step: 0,
            model,
        })
    }

    /// Draws the batches: ids uniformly (without padding), numbers and real labels normally, classes uniformly.
    pub fn draw_rows(&mut self) {
        let (inputs, tasks) = (self.model.inputs().to_vec(), self.model.tasks().to_vec());
        let mut random = Random::stream(self.seed, "benchmark rows");
        self.batches.clear();
        for _ in 0..N_BATCHES {
            let batch = self.model.batch_mut();
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
                targets.fill_with(|| match task.output {
                    TaskOutput::Binary | TaskOutput::MultiLabel { .. } => random.below(2) as f32,
                    TaskOutput::Classes { n_classes } => random.below(n_classes) as f32,
                    TaskOutput::Regression => random.normal(),
                });
            }
            self.batches.push(batch.clone());
        }
    }

    /// The compiled design with its parameters as they are now.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The rows, batch by batch.
    pub fn batches(&self) -> &[Batch] {
        &self.batches
    }

    /// Trains one step and returns the weighted sum of the tasks' losses before it.
    ///
    /// # Panics
    /// When no rows were drawn.
    pub fn step(&mut self) -> f32 {
        let mode = self.load();
        self.model.forward(mode);
        self.model.backward(&self.task_weights);
        let (values, gradients) = self.model.values_and_gradients();
        self.optimizer.apply(values, gradients, self.learning_rate);
        self.loss()
    }

    /// As [`Benchmark::step`], with its times added to `profile`. `clock` gives milliseconds.
    ///
    /// # Panics
    /// When no rows were drawn, or the profile was made for another model.
    pub fn profile_step(&mut self, clock: &dyn Fn() -> f64, profile: &mut Profile) {
        let mode = self.load();
        self.model.profile_step(mode, &self.task_weights, clock, profile);
        let (values, gradients) = self.model.values_and_gradients();
        let (optimizer, learning_rate) = (&mut self.optimizer, self.learning_rate);
        profile.time_optimizer(clock, || optimizer.apply(values, gradients, learning_rate));
    }

    /// Puts the rows of the step in place.
    fn load(&mut self) -> Mode {
        let batch = &self.batches[self.step as usize % self.batches.len()];
        self.model.batch_mut().copy_from(batch);
        let mode = Mode::Train { step: self.step };
        self.step += 1;
        mode
    }

    fn loss(&self) -> f32 {
        let losses = self.model.losses().iter().zip(&self.task_weights);
        losses.map(|(loss, weight)| loss * weight).sum()
    }

    /// Floating-point operations of a step: a multiply-add counts as two, once forward, once per gradient that is wanted.
    /// Activations, losses and the optimizer are left out, so that a share of a peak is the share of useful products.
    pub fn flops_per_step(&self) -> f64 {
        flops_per_row(self.model.plan()) * self.model.max_rows() as f64
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
