//! Execution context of an op on the CPU: the buffers that it may access.

use super::{RowOrder, product::Packing};
use crate::{
    gradients::{Buffer, Touched},
    ids::{OrderId, ParameterId, SlotId, ValueId},
    layout::Layout,
    specs::{Mode, ParameterSpec},
};

/// A buffer of the arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// A value.
    Value(ValueId),
    /// The gradient of a value.
    Gradient(ValueId),
    /// Absent: an empty slice, for an optional operand.
    Nothing,
}

impl At {
    /// An optional value.
    pub fn optional(value: Option<ValueId>) -> Self {
        value.map_or(Self::Nothing, Self::Value)
    }
}

/// An op's access to the arena.
pub struct Memory<'a> {
    pub(crate) arena: &'a mut [f32],
    pub(crate) layout: &'a Layout,
    pub(crate) rows: usize,
    pub(crate) written: &'a mut [bool],
    pub(crate) wanted: &'a [bool],
}

impl Memory<'_> {
    /// Several buffers at once.
    ///
    /// # Panics
    /// When two of them overlap. The layout never overlaps the operands of one op, so this is a bug in the op.
    pub fn get<const N: usize>(&mut self, places: [At; N]) -> [&mut [f32]; N] {
        let ranges = places.map(|place| match place {
            At::Value(value) => self.layout.value(value, self.rows),
            At::Gradient(value) => self.layout.gradient(value, self.rows),
            At::Nothing => 0..0,
        });
        self.arena
            .get_disjoint_mut(ranges)
            .expect("the layout keeps apart what one op uses")
    }

    /// Several values at once.
    pub fn values<const N: usize>(&mut self, values: [ValueId; N]) -> [&mut [f32]; N] {
        self.get(values.map(At::Value))
    }

    /// One buffer.
    pub fn one(&mut self, place: At) -> &mut [f32] {
        let [slice] = self.get([place]);
        slice
    }

    /// Whether the gradient of an operand is needed.
    pub fn wants(&self, value: ValueId) -> bool {
        self.wanted[value.0] && self.layout.has_gradient(value)
    }

    /// Registers a write to the gradient of `value`; true when it has been written before in this pass, so
    /// that the op must accumulate.
    pub fn claim(&mut self, value: ValueId) -> bool {
        std::mem::replace(&mut self.written[value.0], true)
    }
}

/// The gradients of parameters as an op sees them.
pub struct ParameterGradients<'a> {
    pub(crate) specs: &'a [ParameterSpec],
    pub(crate) all: Buffer<'a>,
    /// Of one task alone: the gradients of the parameters in it go there and not to `all`.
    pub(crate) of_task: Buffer<'a>,
}

impl<'a> ParameterGradients<'a> {
    /// Whether the gradient of a parameter is wanted.
    pub fn wants(&self, parameter: ParameterId) -> bool {
        self.specs[parameter.0].trainable
    }

    fn buffer(&mut self, parameter: ParameterId) -> &mut Buffer<'a> {
        if self.of_task.holds(parameter) {
            &mut self.of_task
        } else {
            &mut self.all
        }
    }

    /// The gradient to write, and whether to add to it.
    pub fn claim(&mut self, parameter: ParameterId) -> (&mut [f32], bool) {
        self.buffer(parameter).claim(parameter)
    }

    /// The gradient of an embedding table, zero except in the rows that were recorded before in this pass. Always accumulate
    /// into it, and record the rows.
    pub fn claim_rows(&mut self, parameter: ParameterId) -> (&mut [f32], &mut Touched) {
        self.buffer(parameter).claim_rows(parameter)
    }
}

/// Quantity whose gradient the backward pass computes.
#[derive(Clone, Copy, Debug)]
pub enum Seed<'a> {
    /// Weighted sum of the tasks' losses, with respect to the trainable parameters.
    Losses(&'a [f32]),
    /// The same sum, with respect to the numeric inputs too.
    LossesToInputs(&'a [f32]),
    /// The loss of one task, with weight 1, back to what trains. Where there is room for the gradient of each task, that of
    /// shared parameters goes there.
    Loss {
        /// The task.
        task_idx: usize,
    },
    /// One logit of one task.
    Logit {
        /// The task.
        task_idx: usize,
        /// Index of the logit.
        output: usize,
    },
}

/// Buffers and settings of the current pass.
pub struct Cpu<'a> {
    /// Rows of the batch.
    pub rows: usize,
    /// Whether this is a training step.
    pub mode: Mode,
    /// Seed of the run.
    pub run_seed: u64,
    /// Values and their gradients.
    pub memory: Memory<'a>,
    /// Parameters, flat; only running statistics are written.
    pub parameters: &'a mut [f32],
    /// Gradients of parameters.
    pub gradients: ParameterGradients<'a>,
    /// Row orders of the recurrent ops.
    pub orders: &'a mut [RowOrder],
    /// Working space of the matrix products, and how they round.
    pub packing: &'a mut Packing,
    /// Ids, per input slot.
    pub ids: &'a [Vec<u32>],
    /// Targets, per task; NaN where a row has none.
    pub targets: &'a [Vec<f32>],
    /// Mean loss over the labelled rows, per task.
    pub losses: &'a mut [f32],
    /// Number of labelled rows, per task.
    pub labelled: &'a mut [usize],
    /// Quantity whose gradient the backward pass computes.
    pub seed: Seed<'a>,
    pub(crate) specs: &'a [ParameterSpec],
}

impl<'a> Cpu<'a> {
    /// Range of a parameter in the flat buffers.
    pub fn range(&self, parameter: ParameterId) -> std::ops::Range<usize> {
        self.specs[parameter.0].range.clone()
    }

    /// The ids of a slot.
    pub fn ids(&self, slot: SlotId, per_row: usize) -> &'a [u32] {
        &self.ids[slot.0][..self.rows * per_row]
    }

    /// A row order.
    pub fn order(&mut self, order: OrderId) -> &mut RowOrder {
        &mut self.orders[order.0]
    }
}
