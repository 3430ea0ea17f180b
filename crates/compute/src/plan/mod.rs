//! A plan: the straight-line program of ops that a design compiles to.
//!
//! Values are named by [`ValueId`] and hold `per_row` numbers for each row of a batch (or `fixed` numbers in all).
//! Forward runs the ops in order, backward in reverse. The [`Layout`] gives every value, and every gradient of a value,
//! a place in one arena of `f32`: places are shared by what is never alive at the same time.
//!
//! A plan is data: a backend runs it, and nothing in here knows about SIMD or shaders.

mod layout;
mod task_set;

pub use layout::Layout;
pub use task_set::{MAX_TASKS, TaskSet};

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{
    initializers::Initializer,
    ops::Op,
    random::Random,
    schema::{FeatureKind, LabelKind},
};

/// Names the node of a design that something came from; never reused within a sitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// Names a value of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(pub usize);

/// Names a parameter of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParameterId(pub usize);

/// Names an input slot of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SlotId(pub usize);

/// Names the order in which a recurrent op reads the rows of a batch: a place for whole numbers beside the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub usize);

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
    /// Numbers beside those of the rows.
    pub fixed: usize,
    /// How long it lives.
    pub lifetime: Lifetime,
    /// Whether it has a gradient: it depends on a parameter or on a numeric input.
    pub differentiable: bool,
    /// Whether its gradient stays readable after the backward pass (for attributions).
    pub keeps_gradient: bool,
}

/// What fills an input slot.
#[derive(Clone, Debug, PartialEq)]
pub struct SlotSpec {
    /// The input layer.
    pub node: NodeId,
    /// Key of the feature.
    pub feature: String,
    /// Type and size of the feature.
    pub kind: FeatureKind,
    /// Where numbers are copied to; ids are read in place.
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
    /// Nothing is added to the loss.
    pub const NONE: Self = Self { l1: 0.0, l2: 0.0 };

    /// Only Σ w².
    pub const fn l2(l2: f32) -> Self {
        Self { l1: 0.0, l2 }
    }

    /// Whether nothing is added to the loss.
    pub fn is_none(self) -> bool {
        self.l1 == 0.0 && self.l2 == 0.0
    }
}

/// How a parameter starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// By an initialiser.
    Initializer(Initializer),
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
    /// Its place in the flat buffers of values and of gradients.
    pub range: Range<usize>,
    /// How it starts.
    pub start: Start,
    /// L1 and L2 factors.
    pub regulariser: Regulariser,
    /// Tasks whose losses reach it.
    pub tasks: TaskSet,
    /// Whether gradients are computed for it.
    pub trainable: bool,
    /// Whether gradients reach few of its rows: an embedding.
    pub sparse: bool,
    /// Whether it is tied to another parameter.
    pub tied: bool,
}

impl ParameterSpec {
    /// Whether the gradient is zero outside the rows that were looked up: an embedding without a penalty.
    pub fn has_sparse_gradient(&self) -> bool {
        self.sparse && !self.tied && self.regulariser.is_none()
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
    /// What it predicts.
    pub output: ValueId,
    /// What the loss is computed from.
    pub logits: ValueId,
}

/// Two parameters pulled together: adds `strength Σ (a - b)²` to the loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TieSpec {
    /// One.
    pub a: ParameterId,
    /// The other, of the same shape.
    pub b: ParameterId,
    /// Factor.
    pub strength: f32,
}

/// A compiled design.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Sizes and lifetimes.
    pub values: Vec<ValueSpec>,
    /// Input slots.
    pub slots: Vec<SlotSpec>,
    /// Parameters.
    pub parameters: Vec<ParameterSpec>,
    /// The program.
    pub ops: Vec<Op>,
    /// The node that each op came from.
    pub op_nodes: Vec<NodeId>,
    /// Tasks, in the order of the heads.
    pub tasks: Vec<TaskSpec>,
    /// Soft sharing.
    pub ties: Vec<TieSpec>,
    /// Number of [`OrderId`]s, with the longest sequence of each.
    pub orders: Vec<usize>,
    /// The first output of each node; a head's are its logits.
    pub node_outputs: Vec<(NodeId, ValueId)>,
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

/// Lengths of a plan's lists, to go back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLengths {
    /// Number of values.
    pub values: usize,
    /// Number of slots.
    pub slots: usize,
    /// Number of parameters.
    pub parameters: usize,
    /// Number of ops.
    pub ops: usize,
    /// Number of tasks.
    pub tasks: usize,
    /// Number of orders.
    pub orders: usize,
}

impl Plan {
    /// Where the plan ends now.
    pub fn lengths(&self) -> PlanLengths {
        PlanLengths {
            values: self.values.len(),
            slots: self.slots.len(),
            parameters: self.parameters.len(),
            ops: self.ops.len(),
            tasks: self.tasks.len(),
            orders: self.orders.len(),
        }
    }

    /// Goes back to where the plan ended before.
    pub fn truncate(&mut self, lengths: PlanLengths) {
        self.values.truncate(lengths.values);
        self.slots.truncate(lengths.slots);
        self.parameters.truncate(lengths.parameters);
        self.ops.truncate(lengths.ops);
        self.op_nodes.truncate(lengths.ops);
        self.tasks.truncate(lengths.tasks);
        self.orders.truncate(lengths.orders);
    }

    /// Number of parameters.
    pub fn n_parameters(&self) -> usize {
        self.parameters.last().map_or(0, |parameter| parameter.range.end)
    }

    /// Multiply-adds of a forward pass for one example.
    pub fn macs(&self) -> u64 {
        self.ops.iter().map(Op::macs).fold(0, u64::saturating_add)
    }

    /// Whether gradients are wanted, per value: it depends on a parameter that trains.
    pub fn trained_values(&self) -> Vec<bool> {
        let mut trained = vec![false; self.values.len()];
        for op in &self.ops {
            let mut any = false;
            op.visit_parameters(&mut |parameter| any |= self.parameters[parameter.0].trainable);
            op.visit_values(&mut |access, value| {
                any |= access == crate::ops::Access::Read && trained[value.0]
            });
            if any {
                op.visit_values(&mut |access, value| {
                    if access == crate::ops::Access::Write {
                        trained[value.0] = true;
                    }
                });
            }
        }
        trained
    }

    /// Whether `other` differs in settings only (weights, rates, regularisers, what is frozen), so that parameters and
    /// memory can be kept.
    pub fn same_structure(&self, other: &Self) -> bool {
        self.values == other.values
            && self.orders == other.orders
            && self.slots.len() == other.slots.len()
            && self
                .slots
                .iter()
                .zip(&other.slots)
                .all(|(a, b)| a.feature == b.feature && a.kind == b.kind)
            && self.parameters.len() == other.parameters.len()
            && self.parameters.iter().zip(&other.parameters).all(|(a, b)| {
                a.node == b.node && a.short_name == b.short_name && a.shape == b.shape && a.start == b.start
            })
            && self.tasks.len() == other.tasks.len()
            && self.tasks.iter().zip(&other.tasks).all(|(a, b)| {
                a.node == b.node && a.label == b.label && a.kind == b.kind && a.output == b.output
            })
            && self.ops.len() == other.ops.len()
            && self.ops.iter().zip(&other.ops).all(|(a, b)| a.same_structure(b))
    }
}
