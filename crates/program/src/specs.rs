//! Descriptions of the parts of a plan (values, inputs, parameters, tasks, ties), without the ops that use them.

mod task_set;

pub use task_set::{MAX_TASKS, TaskSet};

use std::ops::Range;

use mtl_base::{
    NodeId,
    schema::{FeatureKind, LabelKind},
};
use mtl_kernels::random::Random;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ParameterId, ValueId},
    initializers::Initializer,
};

/// How long a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lifetime {
    /// From the op that writes it to the last that reads it; while training, to the end of the backward passes.
    Activation,
    /// As an activation, and also readable after the forward pass: what a task predicts.
    Output,
    /// Written and read by one op: for its backward while training, otherwise only within its forward.
    Saved,
    /// Within the forward of one op.
    Scratch,
    /// Within the backward of one op.
    BackwardScratch,
}

/// Size and lifetime of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueSpec {
    /// Numbers per row.
    pub per_row: usize,
    /// Numbers in addition to those of the rows.
    pub fixed: usize,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Whether it has a gradient: it depends on a parameter or on a numeric input.
    pub differentiable: bool,
    /// Whether its gradient stays readable after the backward pass (for attributions).
    pub keeps_gradient: bool,
}

/// An input slot: the part of a batch that one input layer reads.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotSpec {
    /// The input layer.
    pub node: NodeId,
    /// Key of the feature.
    pub feature: String,
    /// Type and size of the feature.
    pub kind: FeatureKind,
    /// Value that numbers are copied to; `None` for ids, which are read in place.
    pub value: Option<ValueId>,
}

/// Factors of Σ |w| and Σ w² in the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Regulariser {
    /// Factor of Σ |w|.
    pub l1: f32,
    /// Factor of Σ w².
    pub l2: f32,
}

impl Regulariser {
    /// No penalty.
    pub const NONE: Self = Self { l1: 0.0, l2: 0.0 };

    /// Only Σ w².
    pub const fn l2(l2: f32) -> Self {
        Self { l1: 0.0, l2 }
    }

    /// Whether there is no penalty.
    pub fn is_none(self) -> bool {
        self.l1 == 0.0 && self.l2 == 0.0
    }
}

/// Initial values of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// By an initialiser.
    Initializer(Initializer),
    /// This value for every element.
    Constant(f32),
    /// One value for the first element, and one for all others.
    First {
        /// Of the first element.
        first: f32,
        /// Of all others.
        rest: f32,
    },
    /// A vector of four gates of `units`: 1 for the second (forget) gate, 0 elsewhere.
    ForgetBias {
        /// Units of each gate.
        units: usize,
    },
}

impl Start {
    /// Fills `values`, a parameter of shape `shape`.
    pub fn fill(self, shape: &[usize], values: &mut [f32], random: &mut Random) {
        match self {
            Self::Initializer(initializer) => initializer.fill(shape, values, random),
            Self::Constant(start) => values.fill(start),
            Self::First { first, rest } => {
                values.fill(rest);
                if let Some(value) = values.first_mut() {
                    *value = first;
                }
            }
            Self::ForgetBias { units } => {
                values.fill(0.0);
                for value in values.iter_mut().skip(units).take(units) {
                    *value = 1.0;
                }
            }
        }
    }
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterSpec {
    /// The layer.
    pub node: NodeId,
    /// `node name/kernel`.
    pub name: String,
    /// Name within the layer.
    pub short_name: &'static str,
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// Its range in the flat buffers of values and gradients.
    pub range: Range<usize>,
    /// Initial values.
    pub start: Start,
    /// L1 and L2 factors.
    pub regulariser: Regulariser,
    /// Tasks whose losses reach it.
    pub tasks: TaskSet,
    /// Whether gradients are computed for it.
    pub trainable: bool,
    /// Whether the gradient of a loss reaches few of its rows: an embedding.
    pub sparse: bool,
}

impl ParameterSpec {
    /// Numbers of a row: of all axes but the first.
    pub fn row_width(&self) -> usize {
        self.shape.iter().skip(1).product()
    }
}

/// A task: a head with its label.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSpec {
    /// The head.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Key of the label.
    pub label: String,
    /// Kind of the label.
    pub kind: LabelKind,
    /// Numbers per row that it predicts.
    pub width: usize,
    /// Weight of its loss in the design.
    pub weight: f32,
    /// Value with the predictions.
    pub output: ValueId,
    /// Value with the logits.
    pub logits: ValueId,
}

/// A tie between two parameters: adds `strength Σ (a - b)²` to the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TieSpec {
    /// One parameter.
    pub a: ParameterId,
    /// The other parameter, of the same shape.
    pub b: ParameterId,
    /// Factor of the penalty.
    pub strength: f32,
}

/// Whether a batch is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// Dropout and noise are on, drawn for this step.
    Train {
        /// Number of the step.
        step: u64,
    },
    /// Dropout and noise are off.
    Infer,
}
