//! Parameters, gradients, activations and batches as [`ndarray`] views, in the shapes that they have. The same numbers as the
//! slices of [`Model`] and [`Batch`], which hot paths use.
//!
//! ```
//! use mtl_engine::{design::Design, layers::{Dense, DenseInput, RegressionHead}, model::{BuildOptions, Model}};
//! use mtl_base::{schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema}, text::Message};
//! use mtl_program::specs::Mode;
//! use ndarray::{Axis, arr2};
//!
//! let name = Message::new("x", "x");
//! let schema = Schema {
//!     features: vec![FeatureSchema { key: "x".into(), name: name.clone(), kind: FeatureKind::Dense { width: 2 } }],
//!     labels: vec![LabelSchema { key: "y".into(), name, kind: LabelKind::Real, classes: Vec::new() }],
//! };
//! let mut design = Design::new("two layers");
//! let x = design.add("x", DenseInput { feature: "x".into() });
//! let dense = design.add("dense", Dense { units: 3, ..Dense::default() });
//! let head = design.add("y", RegressionHead { label: "y".into(), ..RegressionHead::default() });
//! design.connect(x, dense, 0);
//! design.connect(dense, head, 0);
//! let mut model = Model::build(&design, &schema, &BuildOptions { max_rows: 2, seed: 1, training: true })?;
//!
//! model.batch_mut().resize(2);
//! model.batch_mut().dense_view_mut(0).assign(&arr2(&[[0.0, 1.0], [1.0, 0.0]]));
//! model.batch_mut().targets_view_mut(0).fill(1.0);
//! model.forward(Mode::Infer);
//! model.backward(&[1.0]);
//!
//! let kernel = model.parameter_idx("dense/kernel").expect("dense has a kernel");
//! assert_eq!(model.parameter_view(kernel).shape(), [2, 3]);
//! let hidden = model.node_output_view(dense).expect("it leads to a head");
//! assert_eq!(hidden.shape(), [2, 3]);
//! assert_eq!(model.output_view(0).shape(), [2, 1]);
//!
//! // The gradient of the bias of a layer is the sum over the rows of that of its kernel, for inputs that add up to 1.
//! let bias = model.parameter_idx("dense/bias").expect("dense has a bias");
//! let sums = model.gradient_view(kernel).sum_axis(Axis(0));
//! assert!(model.gradient_view(bias).iter().zip(&sums).all(|(bias, sum)| (bias - sum).abs() < 1e-6));
//! # Ok::<(), mtl_engine::model::BuildError>(())
//! ```

use ndarray::{ArrayView2, ArrayViewD, ArrayViewMut2, ArrayViewMutD};

use super::{Batch, Model};
use mtl_base::NodeId;

impl Model {
    /// The position of the parameter called `name`, such as `dense/kernel`.
    pub fn parameter_idx(&self, name: &str) -> Option<usize> {
        self.parameters()
            .iter()
            .position(|parameter| parameter.name == name)
    }

    /// A parameter in its shape.
    ///
    /// # Panics
    /// When there is no parameter `parameter_idx`.
    pub fn parameter_view(&self, parameter_idx: usize) -> ArrayViewD<'_, f32> {
        let parameter = &self.parameters()[parameter_idx];
        in_shape(&self.values()[parameter.range.clone()], &parameter.shape)
    }

    /// A parameter in its shape, to change.
    ///
    /// # Panics
    /// When there is no parameter `parameter_idx`.
    pub fn parameter_view_mut(&mut self, parameter_idx: usize) -> ArrayViewMutD<'_, f32> {
        let parameter = &self.parameters()[parameter_idx];
        let (range, shape) = (parameter.range.clone(), parameter.shape.clone());
        let view = ArrayViewMutD::from_shape(shape, &mut self.values_mut()[range]);
        view.expect("a parameter has as many numbers as its shape says")
    }

    /// The gradient of a parameter after a backward pass, in the parameter's shape.
    ///
    /// # Panics
    /// When there is no parameter `parameter_idx`, or no room for gradients.
    pub fn gradient_view(&self, parameter_idx: usize) -> ArrayViewD<'_, f32> {
        let parameter = &self.parameters()[parameter_idx];
        in_shape(&self.gradients()[parameter.range.clone()], &parameter.shape)
    }

    /// The output of a node in the last forward pass, one row per example; `None` where [`Model::node_output`] is `None`.
    pub fn node_output_view(&self, node: NodeId) -> Option<ArrayView2<'_, f32>> {
        self.node_output(node)
            .map(|flat| by_rows(flat, self.batch().rows()))
    }

    /// The predictions of a task, `rows × width`.
    pub fn output_view(&self, task_idx: usize) -> ArrayView2<'_, f32> {
        by_rows(self.outputs(task_idx), self.batch().rows())
    }

    /// The logits of a task, one row per example.
    pub fn logits_view(&self, task_idx: usize) -> ArrayView2<'_, f32> {
        by_rows(self.logits(task_idx), self.batch().rows())
    }
}

impl Batch {
    /// Ids of an input slot, `rows × length`; no columns for a numeric slot.
    pub fn ids_view(&self, slot_idx: usize) -> ArrayView2<'_, u32> {
        by_rows(&self.ids[slot_idx], self.rows())
    }

    /// Ids of an input slot, to fill.
    pub fn ids_view_mut(&mut self, slot_idx: usize) -> ArrayViewMut2<'_, u32> {
        let rows = self.rows();
        by_rows_mut(&mut self.ids[slot_idx], rows)
    }

    /// Numbers of an input slot, `rows × width`; no columns for a slot of ids.
    pub fn dense_view(&self, slot_idx: usize) -> ArrayView2<'_, f32> {
        by_rows(&self.dense[slot_idx], self.rows())
    }

    /// Numbers of an input slot, to fill.
    pub fn dense_view_mut(&mut self, slot_idx: usize) -> ArrayViewMut2<'_, f32> {
        let rows = self.rows();
        by_rows_mut(&mut self.dense[slot_idx], rows)
    }

    /// Targets of a task, `rows × labels`; NaN where a row has none.
    pub fn targets_view(&self, task_idx: usize) -> ArrayView2<'_, f32> {
        by_rows(&self.targets[task_idx], self.rows())
    }

    /// Targets of a task, to fill.
    pub fn targets_view_mut(&mut self, task_idx: usize) -> ArrayViewMut2<'_, f32> {
        let rows = self.rows();
        by_rows_mut(&mut self.targets[task_idx], rows)
    }
}

fn in_shape<'a>(flat: &'a [f32], shape: &[usize]) -> ArrayViewD<'a, f32> {
    ArrayViewD::from_shape(shape, flat).expect("a parameter has as many numbers as its shape says")
}

fn by_rows<T>(flat: &[T], rows: usize) -> ArrayView2<'_, T> {
    let width = flat.len().checked_div(rows).unwrap_or(0);
    ArrayView2::from_shape((rows, width), flat).expect("every row has as many numbers")
}

fn by_rows_mut<T>(flat: &mut [T], rows: usize) -> ArrayViewMut2<'_, T> {
    let width = flat.len().checked_div(rows).unwrap_or(0);
    ArrayViewMut2::from_shape((rows, width), flat).expect("every row has as many numbers")
}
