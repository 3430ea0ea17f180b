//! A plan: the straight-line program of ops that a design compiles to.
//!
//! Values are named by [`ValueId`] and hold `per_row` numbers for each row of a batch (or `fixed` numbers in all).
//! The forward pass runs the ops in order, the backward pass in reverse. The [`Layout`] gives every value, and every gradient of a
//! value, a range in one arena of `f32`; values that are never alive at the same time share memory.
//!
//! A plan is data, independent of the backend that runs it.

use mtl_base::NodeId;

use crate::{
    ids::ValueId,
    layout::Layout,
    operation::Access,
    ops::Op,
    specs::{ParameterSpec, SlotSpec, TaskSpec, TieSpec, ValueSpec},
};

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
    /// Node that each op was lowered from.
    pub op_nodes: Vec<NodeId>,
    /// Tasks, in the order of the heads.
    pub tasks: Vec<TaskSpec>,
    /// Pairs of parameters that are pulled together (soft sharing).
    pub ties: Vec<TieSpec>,
    /// Length of the longest sequence of each row order, by [`OrderId`](crate::ids::OrderId).
    pub orders: Vec<usize>,
    /// The first output of each node; a head's are its logits.
    pub node_outputs: Vec<(NodeId, ValueId)>,
}

/// A checkpoint of a plan under construction: the lengths of its lists.
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
    /// A checkpoint of the current end of the plan.
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

    /// Truncates the plan to a checkpoint.
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

    /// Memory layout of its values for batches of at most `max_rows` rows.
    pub fn layout(&self, max_rows: usize, training: bool) -> Layout {
        let inputs = self.slots.iter().filter_map(|slot| slot.value);
        let uses: Vec<Vec<ValueId>> = self
            .ops
            .iter()
            .map(|op| {
                let mut used = Vec::new();
                op.visit_values(&mut |_, value| used.push(value));
                used
            })
            .collect();
        Layout::new(&self.values, inputs, &uses, max_rows, training)
    }

    /// Whether a gradient is needed, per value: whether it depends on a trainable parameter.
    pub fn trained_values(&self) -> Vec<bool> {
        let mut trained = vec![false; self.values.len()];
        for op in &self.ops {
            let mut any = false;
            op.visit_parameters(&mut |parameter| any |= self.parameters[parameter.0].trainable);
            op.visit_values(&mut |access, value| any |= access == Access::Read && trained[value.0]);
            if any {
                op.visit_values(&mut |access, value| {
                    if access == Access::Write {
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
