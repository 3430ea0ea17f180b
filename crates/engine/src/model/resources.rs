//! Resource use of a model.

use serde::{Deserialize, Serialize};

use mtl_program::{plan::Plan, specs::TaskSet};

/// Counts and bytes of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resources {
    /// Parameters.
    pub parameters: usize,
    /// Shared parameters: reached by two tasks or more.
    pub shared: usize,
    /// Private parameters per task: reached by this task only.
    pub per_task: Vec<usize>,
    /// Multiply-adds of a forward pass for one example.
    pub macs_per_example: u64,
    /// Memory.
    pub bytes: ResourceBytes,
}

/// Memory of a model, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceBytes {
    /// Parameters.
    pub parameters: usize,
    /// Gradients.
    pub gradients: usize,
    /// State of an optimizer with two numbers per parameter, as Adam.
    pub optimizer: usize,
    /// Values and gradients of a batch, and working space.
    pub arena: usize,
    /// The rows of the data set; a model alone has none.
    pub rows: usize,
}

impl ResourceBytes {
    /// Total, in bytes.
    pub fn total(&self) -> usize {
        self.parameters + self.gradients + self.optimizer + self.arena + self.rows
    }
}

impl Resources {
    pub(super) fn of(plan: &Plan, arena_bytes: usize, n_gradients: usize) -> Self {
        let count = |chosen: &dyn Fn(TaskSet) -> bool| {
            plan.parameters
                .iter()
                .filter(|spec| chosen(spec.tasks))
                .map(|spec| spec.range.len())
                .sum()
        };
        let parameters = plan.n_parameters();
        Self {
            parameters,
            shared: count(&|tasks| tasks.is_shared()),
            per_task: (0..plan.tasks.len())
                .map(|task| count(&|tasks| tasks == TaskSet::of(task)))
                .collect(),
            macs_per_example: plan.macs(),
            bytes: ResourceBytes {
                parameters: 4 * parameters,
                gradients: 4 * n_gradients,
                optimizer: 8 * n_gradients,
                arena: arena_bytes,
                rows: 0,
            },
        }
    }
}
