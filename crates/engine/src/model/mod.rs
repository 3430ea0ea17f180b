//! A model: a compiled design with its parameters, ready to run on batches.
//!
//! ```
//! use mtl_engine::{design::Design, layers::{BinaryHead, Dense, DenseInput}, model::{BuildOptions, Model}};
//! use mtl_program::specs::Mode;
//! use mtl_base::{schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema}, text::Message};
//! let name = Message::new("x", "x");
//! let schema = Schema {
//!     features: vec![FeatureSchema { key: "x".into(), name: name.clone(), kind: FeatureKind::Dense { width: 2 } }],
//!     labels: vec![LabelSchema { key: "y".into(), name, kind: LabelKind::Binary, classes: Vec::new() }],
//! };
//! let mut design = Design::new("two layers");
//! let x = design.add("x", DenseInput { feature: "x".into() });
//! let dense = design.add("dense", Dense { units: 4, ..Dense::default() });
//! let head = design.add("y", BinaryHead { label: "y".into(), ..BinaryHead::default() });
//! design.connect(x, dense, 0);
//! design.connect(dense, head, 0);
//! let mut model = Model::build(&design, &schema, &BuildOptions { max_rows: 2, seed: 1, training: true })?;
//! model.batch_mut().resize(2);
//! model.batch_mut().dense[0].copy_from_slice(&[0.0, 1.0, 1.0, 0.0]);
//! model.batch_mut().targets[0].copy_from_slice(&[0.0, 1.0]);
//! model.forward(Mode::Train { step: 0 });
//! model.backward(&[1.0]);
//! let (values, gradients) = model.values_and_gradients();
//! for (value, gradient) in values.iter_mut().zip(gradients) {
//!     *value -= 0.1 * gradient;
//! }
//! # Ok::<(), mtl_engine::model::BuildError>(())
//! ```

mod batch;
mod resources;
mod tasks;
mod views;

pub use batch::Batch;
pub use resources::{ResourceBytes, Resources};

use std::ops::Range;

use thiserror::Error;

use crate::design::{
    Design,
    check::{Limits, Lowered, Problem, ProblemKind, Severity, lower},
};
use mtl_base::{
    NodeId,
    schema::{FeatureKind, Schema},
    text::{Explain, Message},
};
use mtl_kernels::{fused::Rounding, random::Random};
use mtl_program::{
    clipping::Clipping,
    cpu::{Buffers, CpuBackend},
    ids::ParameterId,
    operation::Seed,
    ops::Op,
    parts::Parts,
    penalty,
    plan::Plan,
    specs::{Mode, ParameterSpec, SlotSpec, TaskSpec},
};

/// Options for building a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildOptions {
    /// Largest number of rows of a batch.
    pub max_rows: usize,
    /// Seed of the parameters and of dropout.
    pub seed: u64,
    /// Whether memory for gradients is allocated; inference does not need it.
    pub training: bool,
}

/// Error of building a model.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{}", first_message(problems).en)]
pub struct BuildError {
    /// Problems of the design, errors first; never empty.
    pub problems: Vec<Problem>,
}

fn first_message(problems: &[Problem]) -> Message {
    problems.first().map_or_else(Message::default, Explain::explain)
}

impl Explain for BuildError {
    fn explain(&self) -> Message {
        first_message(&self.problems)
    }
}

/// A compiled design with its parameters.
pub struct Model {
    plan: Plan,
    backend: CpuBackend,
    values: Vec<f32>,
    batch: Batch,
    losses: Vec<f32>,
    labelled: Vec<usize>,
    mode: Mode,
    schema: Schema,
    options: BuildOptions,
}

impl Model {
    /// Compiles a design and initialises its parameters.
    ///
    /// # Errors
    /// When the design has an error or needs more memory than there is.
    pub fn build(design: &Design, schema: &Schema, options: &BuildOptions) -> Result<Self, BuildError> {
        Self::build_within(design, schema, options, &Limits::default())
    }

    /// As [`Model::build`], with these limits.
    ///
    /// # Errors
    /// When the design has an error or exceeds a limit.
    pub fn build_within(
        design: &Design,
        schema: &Schema,
        options: &BuildOptions,
        limits: &Limits,
    ) -> Result<Self, BuildError> {
        let Lowered { checked, plan } = lower(design, schema, limits);
        if !checked.trains() {
            return Err(BuildError {
                problems: checked.problems,
            });
        }
        let max_rows = options.max_rows.max(1);
        let layout = plan.layout(max_rows, options.training);
        let n_parameters = plan.n_parameters();
        let floats = layout
            .len
            .saturating_add(n_parameters.saturating_mul(if options.training { 4 } else { 1 }));
        let bytes = floats.saturating_mul(4).saturating_add(limits.row_bytes);
        if bytes > limits.max_bytes {
            let kind = ProblemKind::TooMuchMemory {
                got_mb: (bytes / 1_000_000) as u64,
                data_mb: (limits.row_bytes / 1_000_000) as u64,
                ceiling_mb: (limits.max_bytes / 1_000_000) as u64,
                rows: max_rows,
            };
            let problem = Problem {
                kind,
                node: None,
                wire: None,
                severity: Severity::Error,
            };
            return Err(BuildError {
                problems: vec![problem],
            });
        }
        let mut model = Self {
            backend: CpuBackend::new(&plan, layout, options.seed),
            values: vec![0.0; n_parameters],
            batch: Batch::new(&plan, max_rows),
            losses: vec![0.0; plan.tasks.len()],
            labelled: vec![0; plan.tasks.len()],
            mode: Mode::Infer,
            schema: schema.clone(),
            options: BuildOptions { max_rows, ..*options },
            plan,
        };
        model.initialize(options.seed);
        Ok(model)
    }

    /// Initialises the parameters; each from a random stream of its own, keyed by the id of its node and its short name, so that
    /// renaming a node does not change them.
    pub fn initialize(&mut self, seed: u64) {
        for spec in &self.plan.parameters {
            let mut random = Random::stream(seed, &format!("init/{}/{}", spec.node.0, spec.short_name));
            spec.start
                .fill(&spec.shape, &mut self.values[spec.range.clone()], &mut random);
        }
    }

    /// Applies the settings of a design that differs in weights, rates, regularisers, names or frozen nodes only.
    /// Returns false, and changes nothing, when the structure differs: then a new model must be built.
    pub fn update_settings(&mut self, design: &Design) -> bool {
        let Lowered { checked, plan } = lower(design, &self.schema, &Limits::default());
        if !checked.trains() || !self.plan.same_structure(&plan) {
            return false;
        }
        self.plan = plan;
        self.backend.update(&self.plan);
        true
    }

    /// How the products of its passes are [rounded](mtl_kernels::fused); at first separately.
    pub fn set_rounding(&mut self, rounding: Rounding) {
        self.backend.set_rounding(rounding);
    }

    /// The schema that it was built against.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The compiled design.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Input slots, in the order of a batch.
    pub fn inputs(&self) -> &[SlotSpec] {
        &self.plan.slots
    }

    /// Tasks, in the order of the heads.
    pub fn tasks(&self) -> &[TaskSpec] {
        &self.plan.tasks
    }

    /// Weight of each task's loss in the design.
    pub fn task_weights(&self) -> impl Iterator<Item = f32> {
        self.plan.tasks.iter().map(|task| task.weight)
    }

    /// Parameters, in the order of the flat buffers.
    pub fn parameters(&self) -> &[ParameterSpec] {
        &self.plan.parameters
    }

    /// Parameters, flat.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Parameters, flat, to change.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Gradients of the last backward pass, flat.
    pub fn gradients(&self) -> &[f32] {
        self.backend.gradients()
    }

    /// Parameters to change, and gradients: what an optimizer takes.
    pub fn values_and_gradients(&mut self) -> (&mut [f32], &[f32]) {
        (&mut self.values, self.backend.gradients())
    }

    /// Rows of an embedding whose gradient may differ from zero after a backward pass, in rising order; `None` when every row's may
    /// (another kind of parameter, or one with a regulariser on all rows).
    pub fn touched_rows(&mut self, parameter_idx: usize) -> Option<&[u32]> {
        self.backend.touched_rows(ParameterId(parameter_idx))
    }

    /// Where the running statistics lie that a forward pass in training mode moves.
    fn running_statistics(&self) -> impl Iterator<Item = Range<usize>> {
        let norms = self.plan.ops.iter().filter_map(|op| match op {
            Op::BatchNorm(norm) => Some([norm.moving_mean, norm.moving_variance]),
            _ => None,
        });
        norms
            .flatten()
            .map(|parameter| self.plan.parameters[parameter.0].range.clone())
    }

    /// Numbers of the running statistics that a forward pass in training mode moves.
    pub fn n_running_statistics(&self) -> usize {
        self.running_statistics().map(|range| range.len()).sum()
    }

    /// Copies the running statistics to `kept`.
    pub fn keep_running_statistics(&self, kept: &mut [f32]) {
        let mut rest = kept;
        for range in self.running_statistics() {
            let (own, others) = rest.split_at_mut(range.len());
            own.copy_from_slice(&self.values[range]);
            rest = others;
        }
    }

    /// Puts back what [`Model::keep_running_statistics`] has copied.
    pub fn restore_running_statistics(&mut self, kept: &[f32]) {
        let Self { plan, values, .. } = self;
        let mut rest = kept;
        for op in &plan.ops {
            let Op::BatchNorm(norm) = op else { continue };
            for parameter in [norm.moving_mean, norm.moving_variance] {
                let range = plan.parameters[parameter.0].range.clone();
                let (own, others) = rest.split_at(range.len());
                values[range].copy_from_slice(own);
                rest = others;
            }
        }
    }

    /// The batch.
    pub fn batch(&self) -> &Batch {
        &self.batch
    }

    /// The batch, to fill.
    pub fn batch_mut(&mut self) -> &mut Batch {
        &mut self.batch
    }

    /// Largest number of rows of a batch.
    pub fn max_rows(&self) -> usize {
        self.options.max_rows
    }

    /// Computes outputs and losses of the batch.
    pub fn forward(&mut self, mode: Mode) {
        self.forward_observed(mode, |_| ());
    }

    /// As [`Model::forward`]; calls `after` with the position of each op that was run.
    pub fn forward_observed(&mut self, mode: Mode, after: impl FnMut(usize)) {
        self.mode = mode;
        self.losses.fill(0.0);
        self.labelled.fill(0);
        self.backend
            .load(&self.plan, self.batch.rows(), &self.batch.dense);
        let (backend, plan, buffers, mode) = self.pass();
        backend.forward(plan, 0..plan.ops.len(), buffers, mode, after);
    }

    /// What a pass is made with.
    fn pass(&mut self) -> (&mut CpuBackend, &Plan, Buffers<'_>, Mode) {
        let buffers = Buffers {
            rows: self.batch.rows(),
            ids: &self.batch.ids,
            targets: &self.batch.targets,
            values: &mut self.values,
            losses: &mut self.losses,
            labelled: &mut self.labelled,
        };
        (&mut self.backend, &self.plan, buffers, self.mode)
    }

    /// Number of ops.
    pub fn n_ops(&self) -> usize {
        self.plan.ops.len()
    }

    /// Kind of an op, as profiles show it, and the node that it belongs to.
    pub fn op(&self, op_idx: usize) -> (&'static str, NodeId) {
        (self.plan.ops[op_idx].key(), self.plan.op_nodes[op_idx])
    }

    /// Mean loss per task over its labelled rows, unweighted; 0 when no row is labelled.
    pub fn losses(&self) -> &[f32] {
        &self.losses
    }

    /// Number of labelled rows per task; of several labels side by side, of known labels.
    pub fn labelled_rows(&self) -> &[usize] {
        &self.labelled
    }

    /// The penalty of regularisers and ties, which is added to the weighted losses.
    pub fn penalty(&self) -> f32 {
        penalty::value(&self.plan, &self.values)
    }

    /// The predictions of a task for the rows of the batch: a probability (binary), one per class, or a number.
    pub fn outputs(&self, task_idx: usize) -> &[f32] {
        self.backend
            .value(self.plan.tasks[task_idx].output, self.batch.rows())
    }

    /// The logits of a task, before sigmoid or softmax.
    pub fn logits(&self, task_idx: usize) -> &[f32] {
        self.backend
            .value(self.plan.tasks[task_idx].logits, self.batch.rows())
    }

    /// Fills the gradients of `Σ_t w_t L_t + penalty`, for the batch that was run forward last.
    pub fn backward(&mut self, task_weights: &[f32]) {
        self.backward_tasks(task_weights);
        self.add_penalty_gradients(false);
    }

    /// Fills the gradients of `Σ_t w_t L_t`. May be called several times after one forward: with weight 1 for one task
    /// and 0 for the others it gives that task's gradient, and runs only the ops that the task needs.
    pub fn backward_tasks(&mut self, task_weights: &[f32]) {
        self.run_backward(Seed::Losses(task_weights), |_| ());
    }

    /// As [`Model::backward_tasks`]; calls `after` with the position of each op, the last first.
    pub fn backward_observed(&mut self, task_weights: &[f32], after: impl FnMut(usize)) {
        self.run_backward(Seed::Losses(task_weights), after);
    }

    /// Adds the gradients of regularisers and ties. With `lazy_rows`, an embedding has them on those rows alone that the pass has
    /// looked up.
    pub fn add_penalty_gradients(&mut self, lazy_rows: bool) {
        self.backend
            .add_penalty_gradients(&self.plan, &self.values, lazy_rows);
    }

    /// Clips the gradients of `parts`.
    pub fn clip_gradients(&mut self, clipping: &Clipping, parts: &Parts) {
        self.backend.clip(clipping, parts);
    }

    fn run_backward(&mut self, seed: Seed<'_>, after: impl FnMut(usize)) {
        assert!(
            self.options.training,
            "a model built without room for gradients has no backward pass"
        );
        let (backend, plan, buffers, mode) = self.pass();
        backend.begin_backward();
        backend.backward(plan, 0..plan.ops.len(), buffers, mode, seed, after);
        backend.end_backward();
    }

    /// As [`Model::backward_tasks`], but back to the numeric inputs and through frozen layers too.
    pub fn backward_to_inputs(&mut self, task_weights: &[f32]) {
        self.run_backward(Seed::LossesToInputs(task_weights), |_| ());
    }

    /// Gradient of a numeric input after [`Model::backward_to_inputs`]; `None` for ids, and where no loss reaches it.
    pub fn input_gradient(&self, slot_idx: usize) -> Option<&[f32]> {
        let value = self.plan.slots[slot_idx].value?;
        self.backend.gradient(value, self.batch.rows())
    }

    /// The output of a node in the last forward pass (for a head its logits); `None` for ids and for nodes that lead to no
    /// head. Kept only by a model with memory for gradients.
    pub fn node_output(&self, node: NodeId) -> Option<&[f32]> {
        let output = self.plan.node_outputs.iter().find(|(id, _)| *id == node);
        output
            .filter(|_| self.options.training)
            .map(|(_, value)| self.backend.value(*value, self.batch.rows()))
    }

    /// Gradient × input of one logit of a task for the first row of the batch that was run forward last: per input slot
    /// one number per token (summed over the width of its embedding), per id one, per number one. Overwrites the
    /// gradients.
    pub fn attribute(&mut self, task_idx: usize, output: usize) -> Vec<Vec<f32>> {
        self.run_backward(Seed::Logit { task_idx, output }, |_| ());
        let rows = self.batch.rows();
        let mut attributions = Vec::with_capacity(self.plan.slots.len());
        for (slot_idx, slot) in self.plan.slots.iter().enumerate() {
            let per_row = match slot.kind {
                FeatureKind::Tokens { length, .. } => length,
                FeatureKind::Id { .. } => 1,
                FeatureKind::Dense { width } => width,
            };
            let mut sums = vec![0.0; per_row];
            let mut add = |value: mtl_program::ids::ValueId, width: usize| {
                let values = self.backend.value(value, rows);
                let Some(gradients) = self.backend.gradient(value, rows) else {
                    return;
                };
                let steps = values.chunks_exact(width).zip(gradients.chunks_exact(width));
                for (sum, (values, gradients)) in sums.iter_mut().zip(steps) {
                    *sum += values
                        .iter()
                        .zip(gradients)
                        .map(|(value, gradient)| value * gradient)
                        .sum::<f32>();
                }
            };
            if let Some(value) = slot.value {
                add(value, 1);
            }
            for op in &self.plan.ops {
                if let Op::EmbeddingLookup(lookup) = op
                    && lookup.slot.0 == slot_idx
                {
                    add(lookup.y, lookup.width);
                }
            }
            attributions.push(sums);
        }
        attributions
    }

    /// Number of parameters and multiply-adds, and memory.
    pub fn resources(&self) -> Resources {
        Resources::of(&self.plan, self.backend.bytes(), self.gradients().len())
    }
}
