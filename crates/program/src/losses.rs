//! Shared by the loss ops: the mean over labelled rows, class weights, and the start of backpropagation.
//!
//! `L = Σ_r w_r l_r / n` over the n labelled rows; `w_r` is the weight of the row's class, 1 without class weights.
//! As Keras's default reduction, it divides by the number of rows and not by the sum of their weights. Without a
//! labelled row L = 0 and so is its gradient. Labels side by side count as so many rows: with every label known, that is
//! Keras's mean over labels of the mean over rows.

use crate::{
    ids::ValueId,
    operation::{At, Cpu, Seed},
};

/// Operands of a loss op.
pub struct LossPlaces {
    /// Position of the task.
    pub task_idx: usize,
    /// Logits.
    pub logits: ValueId,
    /// Predictions: probabilities or a value.
    pub probabilities: ValueId,
    /// Class weights; empty when all are 1.
    pub class_weights: Vec<f32>,
}

/// Weight of class `class`; 1 when there are none.
pub fn class_weight(weights: &[f32], class: usize) -> f32 {
    weights.get(class).copied().unwrap_or(1.0)
}

/// The class that a target names, unless the row has none.
pub fn class_of(target: f32, n_classes: usize) -> Option<usize> {
    // NaN fails both comparisons.
    (target >= 0.0 && target < n_classes as f32).then_some(target as usize)
}

/// Where backpropagation starts, for the logits of one task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Not at this task: the gradient is 0.
    Nowhere,
    /// At the loss, with this factor per labelled row.
    Loss(f32),
    /// At this logit, with a gradient of 1.
    Logit(usize),
}

/// Where backpropagation starts for task `task_idx` in the pass that `cpu` runs.
pub fn start(cpu: &Cpu<'_>, task_idx: usize) -> Start {
    let loss = |weight: f32| {
        let n = cpu.labelled[task_idx];
        if weight == 0.0 || n == 0 {
            Start::Nowhere
        } else {
            Start::Loss(weight / n as f32)
        }
    };
    match cpu.seed {
        Seed::Losses(weights) | Seed::LossesToInputs(weights) => {
            loss(weights.get(task_idx).copied().unwrap_or(0.0))
        }
        Seed::Loss { task_idx: seeded } => loss(if seeded == task_idx { 1.0 } else { 0.0 }),
        Seed::Logit {
            task_idx: seeded,
            output,
        } => {
            if seeded == task_idx {
                Start::Logit(output)
            } else {
                Start::Nowhere
            }
        }
    }
}

/// The end of a forward pass: the loss of a task is the mean of `sum` over the `n` labelled rows.
pub fn finish(cpu: &mut Cpu<'_>, task_idx: usize, sum: f64, n: usize) {
    cpu.labelled[task_idx] = n;
    cpu.losses[task_idx] = (sum / n.max(1) as f64) as f32;
}

/// Operands of the gradient of a loss with respect to its logits.
pub struct LogitGradient<'a> {
    /// Gradient to write.
    pub gradient: &'a mut [f32],
    /// Value that the gradient is computed from.
    pub value: &'a [f32],
    /// Labels of the task.
    pub targets: &'a [f32],
    /// Weight of the task over the number of labelled rows.
    pub factor: f32,
    /// Whether to accumulate into an existing gradient.
    pub accumulate: bool,
}

/// The backward pass of a loss whose gradient by `logits`, `width` of them a row, follows from one value: wherever the gradient
/// of the task starts, and `from_loss` writes it when that is at the loss.
#[inline(always)]
pub fn backward(
    cpu: &mut Cpu<'_>,
    task_idx: usize,
    (logits, width): (ValueId, usize),
    value: ValueId,
    from_loss: impl FnOnce(LogitGradient<'_>),
) {
    let start = start(cpu, task_idx);
    if start == Start::Nowhere || !cpu.memory.wants(logits) {
        return;
    }
    let accumulate = cpu.memory.claim(logits);
    let [value, gradient] = cpu.memory.get([At::Value(value), At::Gradient(logits)]);
    match start {
        Start::Nowhere => {}
        Start::Logit(output) => seed_logit(gradient, width, output, accumulate),
        Start::Loss(factor) => from_loss(LogitGradient {
            gradient,
            value,
            targets: &cpu.targets[task_idx],
            factor,
            accumulate,
        }),
    }
}

/// Accumulates into a gradient, or writes it when this is the first contribution.
#[inline(always)]
pub fn put(gradient: &mut f32, value: f32, accumulate: bool) {
    *gradient = if accumulate { *gradient + value } else { value };
}

/// Writes 1 at logit `output` of each row and 0 elsewhere.
pub fn seed_logit(gradient: &mut [f32], width: usize, output: usize, accumulate: bool) {
    for row in gradient.chunks_exact_mut(width) {
        for (index, gradient) in row.iter_mut().enumerate() {
            put(gradient, if index == output { 1.0 } else { 0.0 }, accumulate);
        }
    }
}
