//! Checks a design against a schema.

pub use super::{
    problems::{Problem, ProblemKind, Severity},
    report::{Checked, MAX_TASKS, NodeReport, ParameterCounts, TaskReport, TaskSet},
};
