//! What a method is given in a step, what it keeps between steps, and its working memory.

use serde::{Deserialize, Serialize};

use mtl_base::text::Text;
use mtl_kernels::random::Random;

/// What a method looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The losses of the step: one backward pass of their weighted sum.
    Losses,
    /// The Gram matrix `G = J Jᵀ` of the tasks' gradients; the step is then the weighted sum of the rows of `J`.
    Gram,
    /// The gradients themselves, element by element ([`Balancer::combine`](crate::Balancer::combine)).
    Jacobian,
    /// Nothing: it chooses the tasks that train in a step. Those with weight 0 need no backward pass.
    Alternating,
}

/// What the published weights of a method add up to, for [`Reduction`](crate::options::Reduction).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// With equal gradients the step is that of the sum of the losses.
    Sum,
    /// With equal gradients the step is that of their mean.
    Mean,
    /// The method sets the length of the step itself, and no convention changes it.
    Own,
}

/// What a task predicts; some losses have a different likelihood behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// A squared error, or another that stands for a Gaussian.
    Regression,
    /// A cross-entropy.
    #[default]
    Classification,
}

/// What is known before the first step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// One for each task.
    pub kinds: Vec<TaskKind>,
    /// Labelled training rows of each task, or empty where they are not known (then all count the same).
    pub n_labelled: Vec<u64>,
    /// Shared parameters, which a method that keeps gradients needs to know.
    pub n_shared: usize,
    /// The run's seed: random draws come from a stream of it and of the step.
    pub seed: u64,
}

impl Setup {
    /// `n_tasks` tasks of classification and the seed 0.
    pub fn with_tasks(n_tasks: usize) -> Self {
        Self {
            kinds: vec![TaskKind::default(); n_tasks],
            ..Self::default()
        }
    }

    /// How many tasks there are.
    pub fn n_tasks(&self) -> usize {
        self.kinds.len()
    }
}

/// What a step knows before its backward pass. Slices have one entry for each task.
#[derive(Clone, Copy, Debug)]
pub struct StepInput<'a> {
    /// Number of the step, from 0.
    pub step: u64,
    /// Each task's loss over this batch, without any weight; what stands for a task without a label is not read.
    pub losses: &'a [f64],
    /// Whether the batch has a label of the task.
    pub labelled: &'a [bool],
}

/// A step as a method sees it: only tasks that take part, with their gradients' products.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// What was known before the first step.
    pub setup: &'a Setup,
    /// Number of the step.
    pub step: u64,
    /// Epochs that have ended.
    pub epoch: u64,
    /// The tasks that take part, in order: never empty.
    pub tasks: &'a [usize],
    /// Their losses, which are finite.
    pub losses: &'a [f64],
    /// Their Gram matrix, `n x n`, divided by `scale`; its diagonal is positive. Empty where it was not asked for.
    pub gram: &'a [f64],
    /// The mean of the diagonal of the true Gram matrix.
    pub scale: f64,
    /// What a person gives each of all tasks, for a method that writes the step itself: no weight of a method holds it.
    pub task_weights: &'a [f64],
}

impl Problem<'_> {
    /// How many tasks take part.
    pub fn n(&self) -> usize {
        self.tasks.len()
    }

    /// ⟨gᵢ, gⱼ⟩ / `scale`.
    pub fn product(&self, i: usize, j: usize) -> f64 {
        self.gram[i * self.n() + j]
    }

    /// ‖gᵢ‖² / `scale`.
    pub fn square(&self, i: usize) -> f64 {
        self.product(i, i)
    }

    /// The step's own stream of random numbers: the same after a run was restored.
    pub fn random(&self) -> Random {
        stream(self.setup.seed, self.step)
    }
}

/// The stream of random numbers of one step.
pub(crate) fn stream(seed: u64, step: u64) -> Random {
    Random::stream(
        seed.wrapping_add(step.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
        "balance",
    )
}

/// One of the vectors that a method learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Stable name, also in files.
    pub key: &'static str,
    /// Name for a person.
    pub label: Text,
    /// How many numbers.
    pub shape: Shape,
    /// What they start with.
    pub start: f64,
}

/// How many numbers a slot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One.
    Scalar,
    /// One for each task.
    PerTask,
    /// One for each ordered pair of tasks, row-major.
    PerPair,
}

impl Shape {
    /// Its length with `n_tasks` tasks.
    pub const fn len(self, n_tasks: usize) -> usize {
        match self {
            Self::Scalar => 1,
            Self::PerTask => n_tasks,
            Self::PerPair => n_tasks * n_tasks,
        }
    }
}

impl Slot {
    /// A number for each task.
    pub const fn per_task(key: &'static str, label: Text, start: f64) -> Self {
        Self {
            key,
            label,
            shape: Shape::PerTask,
            start,
        }
    }

    /// A single number.
    pub const fn scalar(key: &'static str, label: Text, start: f64) -> Self {
        Self {
            key,
            label,
            shape: Shape::Scalar,
            start,
        }
    }
}

/// Everything that a method has learned: what a run saves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory {
    /// One vector for each of the method's slots.
    pub slots: Vec<Vec<f64>>,
    /// For methods that keep gradients: `n_tasks` rows of `n_shared` numbers.
    pub rows: Vec<f32>,
}

/// Working memory, so that a step allocates nothing. Whatever it holds is stale at the beginning of a step.
#[derive(Clone, Debug)]
pub struct Scratch {
    /// `n x n` each.
    pub matrices: [Vec<f64>; 4],
    /// `n + 1` each.
    pub vectors: [Vec<f64>; 10],
    /// Indices of tasks.
    pub order: Vec<usize>,
    /// Flags of tasks.
    pub flags: Vec<bool>,
}

impl Scratch {
    /// Room for `n_tasks` tasks.
    pub fn new(n_tasks: usize) -> Self {
        // The systems that solvers border with a constraint have one more row and column.
        let side = n_tasks + 1;
        Self {
            matrices: std::array::from_fn(|_| vec![0.0; side * side]),
            vectors: std::array::from_fn(|_| vec![0.0; side]),
            order: Vec::with_capacity(side),
            flags: vec![false; side],
        }
    }
}
