//! The reference backend: every op once more, in `f64` over [`ndarray`] arrays, as its formula reads.
//!
//! It documents what each op computes, and is the oracle of the tests: the CPU backend and the WebGPU backend are
//! compared with it, op by op and as whole training runs. It packs nothing, fuses nothing, reuses no memory and skips no
//! work, so it is slow. It is built with the feature `reference` only, which tests enable and the page does not.
//!
//! | file | what is in it |
//! |---|---|
//! | `ops/<op>/reference.rs` | forward and backward of an op |
//! | [`operation/reference/`](crate::operation::reference) | what these are written with: values, parameters and gradients as arrays, softmax, sigmoid |
//! | `reference/mod.rs` | [`Reference`]: passes over a plan |
//! | `reference/penalty.rs` | regularisers and ties |
//! | `reference/optimizer.rs` | clipping and [`ReferenceOptimizer`] |
//!
//! ```
//! use mtl_base::{NodeId, schema::{FeatureKind, LabelKind}};
//! use mtl_program::{
//!     ids::{ParameterId, ValueId},
//!     initializers::Initializer,
//!     ops::{Epilogue, Linear, SquaredLoss},
//!     plan::Plan,
//!     reference::Reference,
//!     specs::{Lifetime, Mode, ParameterSpec, Regulariser, SlotSpec, Start, TaskSet, TaskSpec, ValueSpec},
//! };
//!
//! // z = x w, with the squared error (z - y)².
//! let (x, z, w, node) = (ValueId(0), ValueId(1), ParameterId(0), NodeId(0));
//! let value = |per_row| ValueSpec {
//!     per_row,
//!     fixed: 0,
//!     lifetime: Lifetime::Activation,
//!     differentiable: true,
//!     keeps_gradient: false,
//! };
//! let kind = FeatureKind::Dense { width: 2 };
//! let plan = Plan {
//!     values: vec![value(2), value(1)],
//!     slots: vec![SlotSpec { node, feature: "x".into(), kind, value: Some(x) }],
//!     parameters: vec![ParameterSpec {
//!         node,
//!         name: "z/kernel".into(),
//!         short_name: "kernel",
//!         shape: vec![2, 1],
//!         range: 0..2,
//!         start: Start::Initializer(Initializer::Zeros),
//!         regulariser: Regulariser::NONE,
//!         tasks: TaskSet::of(0),
//!         trainable: true,
//!         sparse: false,
//!     }],
//!     ops: vec![
//!         Linear {
//!             x,
//!             kernel: w,
//!             bias: None,
//!             y: z,
//!             pre_activation: None,
//!             epilogue: Epilogue::Identity,
//!             steps: 1,
//!             n_in: 2,
//!             n_out: 1,
//!         }
//!         .into(),
//!         SquaredLoss { task_idx: 0, logits: z }.into(),
//!     ],
//!     tasks: vec![TaskSpec {
//!         node,
//!         name: "y".into(),
//!         label: "y".into(),
//!         kind: LabelKind::Real,
//!         width: 1,
//!         weight: 1.0,
//!         output: z,
//!         logits: z,
//!     }],
//!     ..Plan::default()
//! };
//!
//! let mut reference = Reference::new(&plan, 1);
//! reference.set_parameters(&[0.5, -1.0]);
//! // Two rows; the second has no target.
//! reference.read_batch(2, &[vec![]], &[vec![1.0, 2.0, 3.0, 4.0]], &[vec![0.5, f32::NAN]]);
//! reference.forward(Mode::Infer);
//! assert_eq!(reference.losses(), [4.0]);
//! reference.backward(&[1.0]);
//! // dL/dw = 2 (z - y) x = 2 · -2 · (1, 2).
//! assert_eq!(reference.gradients()[0].as_slice(), Some(&[-4.0, -8.0][..]));
//! ```

mod optimizer;
mod penalty;

pub use optimizer::ReferenceOptimizer;

use std::collections::BTreeSet;

use ndarray::{Array1, Array2, ArrayD, ArrayView2};

use crate::{
    ids::ValueId,
    operation::{
        Access,
        reference::{Arrays, ReferenceOperation},
    },
    ops::Op,
    plan::Plan,
    specs::{Mode, ParameterSpec},
};

/// A plan with its parameters, a batch, and the values and gradients of the last passes.
#[derive(Clone, Debug)]
pub struct Reference<'a> {
    plan: &'a Plan,
    arrays: Arrays,
    dense: Vec<Array1<f64>>,
}

impl<'a> Reference<'a> {
    /// A plan whose parameters are 0; `run_seed` is that of dropout and noise.
    pub fn new(plan: &'a Plan, run_seed: u64) -> Self {
        Self {
            plan,
            arrays: Arrays::new(&plan.values, &plan.parameters, plan.tasks.len(), run_seed),
            dense: Vec::new(),
        }
    }

    /// The plan.
    pub fn plan(&self) -> &'a Plan {
        self.plan
    }

    /// Takes over all parameters from a flat buffer.
    ///
    /// # Panics
    /// When its length is not that of the plan's parameters.
    pub fn set_parameters(&mut self, flat: &[f32]) {
        self.arrays.parameters = self.named(flat);
    }

    /// A flat buffer as one array per parameter.
    ///
    /// # Panics
    /// When its length is not that of the plan's parameters.
    pub fn named(&self, flat: &[f32]) -> Vec<ArrayD<f64>> {
        assert_eq!(flat.len(), self.plan.n_parameters(), "length of the flat buffer");
        let of_spec = |spec: &ParameterSpec| {
            let numbers = flat[spec.range.clone()].iter().map(|number| f64::from(*number));
            ArrayD::from_shape_vec(spec.shape.clone(), numbers.collect())
                .expect("a range has the size of its shape")
        };
        self.plan.parameters.iter().map(of_spec).collect()
    }

    /// Parameters, in the order of the plan.
    pub fn parameters(&self) -> &[ArrayD<f64>] {
        &self.arrays.parameters
    }

    /// Parameters, to change.
    pub fn parameters_mut(&mut self) -> &mut [ArrayD<f64>] {
        &mut self.arrays.parameters
    }

    /// Gradients of the parameters, in the order of the plan; 0 for those that are frozen and for statistics.
    pub fn gradients(&self) -> &[ArrayD<f64>] {
        &self.arrays.parameter_gradients
    }

    /// Gradients, to change.
    pub fn gradients_mut(&mut self) -> &mut [ArrayD<f64>] {
        &mut self.arrays.parameter_gradients
    }

    /// Rows of an embedding that the last backward pass reached.
    pub fn touched_rows(&self, parameter_idx: usize) -> &BTreeSet<usize> {
        &self.arrays.touched[parameter_idx]
    }

    /// Says how many rows a full batch has; until then every batch is a full one.
    pub fn set_full_batch(&mut self, rows: usize) {
        self.arrays.full_rows = Some(rows);
    }

    /// Takes over a batch: per input slot ids or numbers, per task targets, which are NaN where they are not known.
    pub fn read_batch(&mut self, rows: usize, ids: &[Vec<u32>], dense: &[Vec<f32>], targets: &[Vec<f32>]) {
        let numbers = |flat: &Vec<f32>| {
            flat.iter()
                .map(|number| f64::from(*number))
                .collect::<Array1<f64>>()
        };
        self.arrays.rows = rows;
        self.arrays.ids = ids.to_vec();
        self.dense = dense.iter().map(numbers).collect();
        self.arrays.targets = targets.iter().map(|flat| by_rows(numbers(flat), rows)).collect();
    }

    /// Computes values and losses of the batch.
    pub fn forward(&mut self, mode: Mode) {
        self.arrays.mode = mode;
        self.arrays.losses.fill(0.0);
        self.arrays.labelled.fill(0);
        self.arrays.kink_distance = f64::INFINITY;
        let rows = self.arrays.rows;
        self.arrays.values = self
            .plan
            .values
            .iter()
            .map(|spec| Array1::zeros(spec.per_row * rows + spec.fixed))
            .collect();
        for (slot, numbers) in self.plan.slots.iter().zip(&self.dense) {
            if let Some(value) = slot.value {
                self.arrays.values[value.0].assign(numbers);
            }
        }
        for op in &self.plan.ops {
            ReferenceOperation::forward(op, &mut self.arrays);
        }
    }

    /// Mean loss per task over its labelled rows; 0 where none is labelled.
    pub fn losses(&self) -> &[f64] {
        &self.arrays.losses
    }

    /// Labelled rows per task; of several labels side by side, known labels.
    pub fn labelled_rows(&self) -> &[usize] {
        &self.arrays.labelled
    }

    /// What a task predicts, `rows × width`.
    pub fn outputs(&self, task_idx: usize) -> ArrayView2<'_, f64> {
        let flat = &self.arrays.values[self.plan.tasks[task_idx].output.0];
        let width = flat.len() / self.arrays.rows.max(1);
        flat.view()
            .into_shape_with_order((self.arrays.rows, width))
            .expect("a number per row and column")
    }

    /// Fills the gradients of `Σ_t w_t L_t + penalty`.
    pub fn backward(&mut self, task_weights: &[f64]) {
        self.backward_tasks(task_weights);
        self.add_penalty_gradients(false);
    }

    /// Fills the gradients of `Σ_t w_t L_t`.
    pub fn backward_tasks(&mut self, task_weights: &[f64]) {
        self.begin_backward(task_weights);
        self.run_backward();
    }

    /// Fills the gradients of the sum over the rows of one logit of one task.
    pub fn backward_from_logit(&mut self, task_idx: usize, output: usize) {
        self.begin_backward(&vec![0.0; self.plan.tasks.len()]);
        let logits = self.plan.tasks[task_idx].logits;
        let width = self.plan.values[logits.0].per_row;
        self.arrays.add_gradient(
            logits,
            Array2::from_shape_fn((self.arrays.rows, width), |(_, column)| {
                f64::from(column == output)
            }),
        );
        self.run_backward();
    }

    fn begin_backward(&mut self, task_weights: &[f64]) {
        self.arrays.task_weights = task_weights.to_vec();
        self.arrays.value_gradients.fill(None);
        self.arrays.touched.fill(BTreeSet::new());
        for gradient in &mut self.arrays.parameter_gradients {
            gradient.fill(0.0);
        }
    }

    fn run_backward(&mut self) {
        for op in self.plan.ops.iter().rev() {
            if op.loss_of().is_some() || self.is_reached(op) {
                ReferenceOperation::backward(op, &mut self.arrays);
            }
        }
        for (spec, gradient) in self
            .plan
            .parameters
            .iter()
            .zip(&mut self.arrays.parameter_gradients)
        {
            if !spec.trainable {
                gradient.fill(0.0);
            }
        }
    }

    fn is_reached(&self, op: &Op) -> bool {
        let mut is_reached = false;
        op.visit_values(&mut |access, value| {
            is_reached |= access == Access::Write && self.arrays.value_gradients[value.0].is_some();
        });
        is_reached
    }

    /// A value after a forward pass, flat.
    pub fn flat_value(&self, value: ValueId) -> &Array1<f64> {
        &self.arrays.values[value.0]
    }

    /// The gradient of a value after a backward pass, flat; `None` when the pass did not reach it.
    pub fn flat_gradient(&self, value: ValueId) -> Option<&Array1<f64>> {
        self.arrays.value_gradients[value.0].as_ref()
    }

    /// The least distance of a number that a branch was decided by (the sign of a ReLU's input, which of two numbers is the
    /// largest) from the number at which the branch changes, in the last forward pass; exact ties do not count. Where it is
    /// within rounding, a computation in another precision may take the other branch.
    pub fn kink_distance(&self) -> f64 {
        self.arrays.kink_distance
    }
}

/// A flat array as `rows` rows.
fn by_rows(flat: Array1<f64>, rows: usize) -> Array2<f64> {
    let width = flat.len().checked_div(rows).unwrap_or(0);
    flat.into_shape_with_order((rows, width))
        .expect("the same number of columns in every row")
}
