//! The report of checking a design: shapes, parameters, costs, and the tasks that reach each node.

use std::collections::BTreeMap;

use mtl_program::specs::TaskSet;
use serde::{Deserialize, Serialize};

use super::{
    WireId,
    problems::{Problem, Severity},
};
use crate::layers::Shape;
use mtl_base::NodeId;

/// Report on a node.
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
    /// Tasks whose losses reach it. None: it is not trained; one: private; more: shared.
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
    /// All parameters.
    pub total: usize,
    /// Shared parameters: reached by two losses or more.
    pub shared: usize,
    /// Private parameters: reached by exactly one loss.
    pub private: usize,
    /// Untrained parameters: reached by no loss.
    pub idle: usize,
}

/// The report of checking a design.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checked {
    /// Per node.
    pub nodes: BTreeMap<NodeId, NodeReport>,
    /// Shape on each wire; `None` where it is not known.
    pub wires: BTreeMap<WireId, Option<Shape>>,
    /// Heads, in the order of the tasks.
    pub tasks: Vec<TaskReport>,
    /// Problems, errors first.
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
