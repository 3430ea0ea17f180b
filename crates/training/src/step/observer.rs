//! Whoever watches a step.

/// A part of a step, in the order in which they end. A step with a backward pass for each task ends some of them more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The rows are in the batch.
    Rows,
    /// The outputs and losses are computed.
    Forward,
    /// The weights of the tasks are known, or their gradients are combined.
    Balance,
    /// The gradients are computed.
    Backward,
    /// The gradients are clipped, and the parameters updated.
    Update,
}

/// Which way an op was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From its inputs to its outputs.
    Forward,
    /// From the gradients of its outputs to those of its inputs and parameters.
    Backward,
}

/// Called after every stage and op of a step. `()` does nothing, at no cost.
pub trait StepObserver {
    /// A stage has ended.
    fn stage(&mut self, stage: Stage) {
        let _ = stage;
    }

    /// The op at this position of the program was run.
    fn op(&mut self, direction: Direction, op_idx: usize) {
        let _ = (direction, op_idx);
    }
}

impl StepObserver for () {}
