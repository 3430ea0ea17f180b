//! What checking a design finds out: shapes, parameters, costs, which tasks reach what.

use crate::ordered::OrderedMap;
use serde::{Deserialize, Serialize};

use super::{
    NodeId, WireId,
    problems::{Problem, Severity},
};
use crate::layers::Shape;

/// A set of tasks, by the position of their heads in the design.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskSet(pub u64);

/// Most tasks that a design can have.
pub const MAX_TASKS: usize = 64;

impl TaskSet {
    /// No task.
    pub const EMPTY: Self = Self(0);

    /// The set of one task.
    ///
    /// # Panics
    /// When `task_idx` is not below [`MAX_TASKS`].
    pub fn of(task_idx: usize) -> Self {
        assert!(task_idx < MAX_TASKS, "at most {MAX_TASKS} tasks");
        Self(1 << task_idx)
    }

    /// The first `n_tasks` tasks.
    pub fn first(n_tasks: usize) -> Self {
        (0..n_tasks.min(MAX_TASKS))
            .map(Self::of)
            .fold(Self::EMPTY, Self::union)
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the task is in it.
    pub const fn contains(self, task_idx: usize) -> bool {
        task_idx < MAX_TASKS && self.0 >> task_idx & 1 == 1
    }

    /// Number of tasks.
    pub const fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no task is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether two or more tasks are in it.
    pub const fn is_shared(self) -> bool {
        self.len() >= 2
    }

    /// The tasks, in order.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_TASKS).filter(move |task_idx| self.contains(*task_idx))
    }
}

/// What is known about a node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeReport {
    /// Shape of each output handle; empty when the node has a problem or has no outputs.
    pub outputs: Vec<Shape>,
    /// Number of parameters.
    pub n_parameters: usize,
    /// Names (without the node's) and shapes of the parameters.
    pub parameters: Vec<(&'static str, Vec<usize>)>,
    /// Multiply-adds of a forward pass for one example.
    pub macs: u64,
    /// Tasks whose losses reach it. None: it learns nothing; one: private; more: shared.
    pub tasks: TaskSet,
}

/// A head.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskReport {
    /// The head.
    pub node: NodeId,
    /// Its name.
    pub name: String,
    /// Key of the label.
    pub label: String,
    /// Weight of its loss.
    pub weight: f32,
    /// Parameters that its loss reaches.
    pub n_parameters: usize,
    /// Parameters that only its loss reaches.
    pub n_private: usize,
}

/// Counts of parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCounts {
    /// All.
    pub total: usize,
    /// Reached by two losses or more.
    pub shared: usize,
    /// Reached by exactly one loss.
    pub private: usize,
    /// Reached by no loss.
    pub idle: usize,
}

/// Everything that checking a design finds out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// Per node.
    pub nodes: OrderedMap<NodeId, NodeReport>,
    /// Shape on each wire; `None` where it is not known.
    pub wires: OrderedMap<WireId, Option<Shape>>,
    /// Heads, in the order of the tasks.
    pub tasks: Vec<TaskReport>,
    /// What is wrong, errors first.
    pub problems: Vec<Problem>,
    /// Counts of parameters.
    pub parameters: ParameterCounts,
    /// Multiply-adds of a forward pass for one example.
    pub macs: u64,
}

impl Checked {
    /// Whether the design can train.
    pub fn trains(&self) -> bool {
        self.problems
            .iter()
            .all(|problem| problem.severity < Severity::Error)
    }

    /// The first error.
    pub fn first_error(&self) -> Option<&Problem> {
        self.problems
            .iter()
            .find(|problem| problem.severity == Severity::Error)
    }
}
