//! Building blocks of the ops of the [reference backend](crate::reference): arrays of `f64`, and functions of them.

mod functions;
mod recurrence;

pub use functions::{Axes, gauss_cdf, gauss_density, relu, sigmoid, softmax, softmax_gradient, softplus};
pub(crate) use recurrence::Unrolled;

use std::collections::BTreeSet;

use ndarray::{Array, Array1, Array2, ArrayD, Axis, Dimension, IntoDimension};

use crate::{
    ids::{ParameterId, SlotId, ValueId},
    specs::{Mode, ParameterSpec, ValueSpec},
};

/// Reference implementation of an op, in the file `reference.rs` of its folder.
pub trait ReferenceOperation {
    /// Forward pass: computes the outputs from the inputs.
    fn forward(&self, arrays: &mut Arrays);

    /// Backward pass: accumulates into the gradients of the inputs, from those of the outputs, which are complete.
    fn backward(&self, arrays: &mut Arrays);
}

/// An op's access to the batch, parameters, values and gradients.
///
/// A value is asked for as rows of some shape: `value(x, [length, width])` is an array of `rows × length × width`,
/// `value(x, width)` the same numbers as `(rows · length) × width`.
#[derive(Clone, Debug)]
pub struct Arrays {
    pub(crate) run_seed: u64,
    pub(crate) mode: Mode,
    pub(crate) rows: usize,
    pub(crate) full_rows: Option<usize>,
    pub(crate) ids: Vec<Vec<u32>>,
    pub(crate) targets: Vec<Array2<f64>>,
    pub(crate) per_row: Vec<usize>,
    pub(crate) values: Vec<Array1<f64>>,
    /// Of values; `None`: the pass does not reach the value.
    pub(crate) value_gradients: Vec<Option<Array1<f64>>>,
    pub(crate) parameters: Vec<ArrayD<f64>>,
    pub(crate) parameter_gradients: Vec<ArrayD<f64>>,
    pub(crate) touched: Vec<BTreeSet<usize>>,
    pub(crate) losses: Vec<f64>,
    pub(crate) labelled: Vec<usize>,
    pub(crate) task_weights: Vec<f64>,
    pub(crate) kink_distance: f64,
}

impl Arrays {
    pub(crate) fn new(
        values: &[ValueSpec],
        parameters: &[ParameterSpec],
        n_tasks: usize,
        run_seed: u64,
    ) -> Self {
        let zeros = |spec: &ParameterSpec| ArrayD::zeros(spec.shape.clone());
        let zeros: Vec<_> = parameters.iter().map(zeros).collect();
        Self {
            run_seed,
            mode: Mode::Infer,
            rows: 0,
            full_rows: None,
            ids: Vec::new(),
            targets: Vec::new(),
            per_row: values.iter().map(|spec| spec.per_row).collect(),
            values: Vec::new(),
            value_gradients: vec![None; values.len()],
            parameter_gradients: zeros.clone(),
            parameters: zeros,
            touched: vec![BTreeSet::new(); parameters.len()],
            losses: vec![0.0; n_tasks],
            labelled: vec![0; n_tasks],
            task_weights: vec![0.0; n_tasks],
            kink_distance: f64::INFINITY,
        }
    }

    /// Rows of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows of the batch over those of a full one.
    pub fn share_of_full_batch(&self) -> f64 {
        self.full_rows.map_or(1.0, |full| self.rows as f64 / full as f64)
    }

    /// Whether this is a training step.
    pub fn is_training(&self) -> bool {
        matches!(self.mode, Mode::Train { .. })
    }

    /// The step that the batch is trained on; `None` when it is not.
    pub fn step(&self) -> Option<u64> {
        match self.mode {
            Mode::Train { step } => Some(step),
            Mode::Infer => None,
        }
    }

    /// Seed of the run, for random numbers.
    pub fn run_seed(&self) -> u64 {
        self.run_seed
    }

    /// Numbers per row of a value.
    pub fn per_row(&self, value: ValueId) -> usize {
        self.per_row[value.0]
    }

    /// A value as rows of shape `row`.
    pub fn value<D: IntoDimension>(
        &self,
        value: ValueId,
        row: D,
    ) -> Array<f64, <D::Dim as Dimension>::Larger> {
        by_rows_of(self.values[value.0].clone(), row)
    }

    /// The gradient of a value as rows of shape `row`.
    pub fn gradient<D: IntoDimension>(
        &self,
        value: ValueId,
        row: D,
    ) -> Array<f64, <D::Dim as Dimension>::Larger> {
        let zeros = || Array1::zeros(self.values[value.0].len());
        by_rows_of(self.value_gradients[value.0].clone().unwrap_or_else(zeros), row)
    }

    /// Writes a value.
    pub fn write<D: Dimension>(&mut self, value: ValueId, array: Array<f64, D>) {
        self.values[value.0].assign(&flat(array));
    }

    /// Accumulates into the gradient of a value.
    pub fn add_gradient<D: Dimension>(&mut self, value: ValueId, array: Array<f64, D>) {
        let array = flat(array);
        assert_eq!(
            array.len(),
            self.values[value.0].len(),
            "a gradient has the shape of its value"
        );
        match &mut self.value_gradients[value.0] {
            Some(gradient) => *gradient += &array,
            none => *none = Some(array),
        }
    }

    /// A parameter in a shape.
    pub fn parameter<D: IntoDimension>(&self, parameter: ParameterId, shape: D) -> Array<f64, D::Dim> {
        let array = self.parameters[parameter.0].clone();
        array
            .into_shape_with_order(shape)
            .expect("a parameter has the size that its op says")
    }

    /// Sets a parameter that is a running statistic.
    pub fn set_statistic<D: Dimension>(&mut self, parameter: ParameterId, array: Array<f64, D>) {
        let shape = self.parameters[parameter.0].raw_dim();
        self.parameters[parameter.0] = in_shape(array, shape);
    }

    /// Accumulates into the gradient of a parameter.
    pub fn add_parameter_gradient<D: Dimension>(&mut self, parameter: ParameterId, array: Array<f64, D>) {
        let gradient = &mut self.parameter_gradients[parameter.0];
        *gradient += &in_shape(array, gradient.raw_dim());
    }

    /// Records that the gradient of a row of an embedding table may differ from 0.
    pub fn touch(&mut self, table: ParameterId, row: usize) {
        self.touched[table.0].insert(row);
    }

    /// The mask over the steps, 1 or 0, `rows × length`; all 1 where there is no mask.
    pub fn mask(&self, mask: Option<ValueId>, length: usize) -> Array2<f64> {
        mask.map_or_else(
            || Array2::ones((self.rows, length)),
            |mask| self.value(mask, length),
        )
    }

    /// Ids of an input slot, `rows × per_row`.
    pub fn ids(&self, slot: SlotId, per_row: usize) -> Array2<usize> {
        let ids = self.ids[slot.0].iter().map(|id| *id as usize).collect();
        Array2::from_shape_vec((self.rows, per_row), ids).expect("ids of every row")
    }

    /// Targets of a task, `rows × labels`; NaN where a row has none.
    pub fn targets(&self, task_idx: usize) -> Array2<f64> {
        self.targets[task_idx].clone()
    }

    /// The class that each row of a task belongs to, unless it has none.
    pub fn classes(&self, task_idx: usize, n_classes: usize) -> Vec<Option<usize>> {
        let class = |target: &f64| {
            (0.0..n_classes as f64)
                .contains(target)
                .then_some(*target as usize)
        };
        self.targets[task_idx].iter().map(class).collect()
    }

    /// The loss of a task: the mean of `losses`, one per label, over the labels that are known; NaN marks the others.
    pub fn finish_loss<D: Dimension>(&mut self, task_idx: usize, losses: &Array<f64, D>) {
        let known: Vec<f64> = losses.iter().copied().filter(|loss| !loss.is_nan()).collect();
        self.labelled[task_idx] = known.len();
        self.losses[task_idx] = known.iter().sum::<f64>() / known.len().max(1) as f64;
    }

    /// The factor of the gradient of a row's loss: the weight of the task over the number of known labels; `None` where the
    /// gradient does not start at this task.
    pub fn loss_factor(&self, task_idx: usize) -> Option<f64> {
        let (weight, n) = (self.task_weights[task_idx], self.labelled[task_idx]);
        (weight != 0.0 && n > 0).then(|| weight / n as f64)
    }

    /// Writes the gradient of a task's logits from the derivatives of the rows' losses; NaN marks unknown labels.
    pub fn start_gradient<D: Dimension>(
        &mut self,
        task_idx: usize,
        logits: ValueId,
        derivatives: Array<f64, D>,
    ) {
        if let Some(factor) = self.loss_factor(task_idx) {
            let scaled = derivatives.mapv_into(|slope| if slope.is_nan() { 0.0 } else { factor * slope });
            self.add_gradient(logits, scaled);
        }
    }

    /// Records how far numbers that decide a branch are from where the branch changes: see [`Reference::kink_distance`](crate::reference::Reference::kink_distance).
    pub fn kink<'n>(&mut self, distances: impl IntoIterator<Item = &'n f64>) {
        for distance in distances {
            if *distance != 0.0 {
                self.kink_distance = self.kink_distance.min(distance.abs());
            }
        }
    }
}
/// A flat array as rows of a shape.
fn by_rows_of<D: IntoDimension>(flat: Array1<f64>, row: D) -> Array<f64, <D::Dim as Dimension>::Larger> {
    let row = row.into_dimension();
    let mut shape = row.insert_axis(Axis(0));
    shape[0] = flat.len() / row.size().max(1);
    flat.into_shape_with_order(shape)
        .expect("a value is made of whole rows")
}

fn flat<D: Dimension>(array: Array<f64, D>) -> Array1<f64> {
    array.iter().copied().collect()
}

fn in_shape<D: Dimension>(array: Array<f64, D>, shape: ndarray::IxDyn) -> ArrayD<f64> {
    let array = flat(array).into_shape_with_order(shape);
    array.expect("an array for a parameter has the parameter's size")
}
