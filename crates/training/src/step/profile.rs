//! Where the time of a step goes: an observer with a clock.

use mtl_base::NodeId;
use mtl_engine::model::Model;
use serde::{Deserialize, Serialize};

use super::observer::{Direction, Stage, StepObserver};

/// Time of one op.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpTime {
    /// Kind of the op.
    pub op: String,
    /// The node that it belongs to.
    pub node: NodeId,
    /// Time of its forward passes, in milliseconds.
    pub forward_ms: f64,
    /// Time of its backward passes, in milliseconds.
    pub backward_ms: f64,
}

/// Times of training steps, summed: a browser's clock is coarser than an op of a small model, and only sums over many steps
/// mean something.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// One entry per op, in the order of the program; sums over the steps.
    pub ops: Vec<OpTime>,
    /// Putting the rows into the batch, in milliseconds.
    pub rows_ms: f64,
    /// Weights of the tasks and combination of their gradients, in milliseconds.
    pub balance_ms: f64,
    /// What belongs to no op: numeric inputs and losses, forgetting and completing gradients, regularisers and ties; in
    /// milliseconds.
    pub between_ms: f64,
    /// Clipping and the optimizer, in milliseconds.
    pub update_ms: f64,
    /// How many steps were added up.
    pub n_steps: u64,
}

impl Profile {
    /// An empty profile of a model's steps; the only place that allocates.
    pub fn new(model: &Model) -> Self {
        let ops = (0..model.n_ops()).map(|op_idx| {
            let (op, node) = model.op(op_idx);
            OpTime {
                op: op.to_owned(),
                node,
                forward_ms: 0.0,
                backward_ms: 0.0,
            }
        });
        Self {
            ops: ops.collect(),
            rows_ms: 0.0,
            balance_ms: 0.0,
            between_ms: 0.0,
            update_ms: 0.0,
            n_steps: 0,
        }
    }

    /// The observer of the next step. `clock` gives milliseconds from any start.
    pub fn observe<'a>(&'a mut self, clock: &'a dyn Fn() -> f64) -> Timed<'a> {
        Timed {
            last_ms: clock(),
            clock,
            profile: self,
        }
    }

    /// All of it, in milliseconds.
    pub fn total_ms(&self) -> f64 {
        let ops: f64 = self.ops.iter().map(|op| op.forward_ms + op.backward_ms).sum();
        self.rows_ms + ops + self.balance_ms + self.between_ms + self.update_ms
    }
}

/// Adds the time of a step to a profile.
pub struct Timed<'a> {
    profile: &'a mut Profile,
    clock: &'a dyn Fn() -> f64,
    last_ms: f64,
}

impl Timed<'_> {
    fn since(&mut self) -> f64 {
        let now_ms = (self.clock)();
        now_ms - std::mem::replace(&mut self.last_ms, now_ms)
    }
}

impl StepObserver for Timed<'_> {
    fn stage(&mut self, stage: Stage) {
        let ms = self.since();
        match stage {
            Stage::Rows => self.profile.rows_ms += ms,
            Stage::Forward | Stage::Backward => self.profile.between_ms += ms,
            Stage::Balance => self.profile.balance_ms += ms,
            Stage::Update => {
                self.profile.update_ms += ms;
                self.profile.n_steps += 1;
            }
        }
    }

    fn op(&mut self, direction: Direction, op_idx: usize) {
        let ms = self.since();
        let op = &mut self.profile.ops[op_idx];
        match direction {
            Direction::Forward => op.forward_ms += ms,
            Direction::Backward => op.backward_ms += ms,
        }
    }
}
