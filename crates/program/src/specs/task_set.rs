//! Which tasks something belongs to.

use serde::{Deserialize, Serialize};

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

    /// The union of two sets.
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
