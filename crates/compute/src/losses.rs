//! What the loss ops share: the mean over labelled rows, class weights, and where gradients start.
//!
//! `L = Σ_r w_r l_r / n` over the n labelled rows; `w_r` is the weight of the row's class, 1 without class weights.
//! As Keras's default reduction, it divides by the number of rows and not by the sum of their weights. Without a
//! labelled row L = 0 and so is its gradient. Labels side by side count as so many rows: with every label known, that is
//! Keras's mean over labels of the mean over rows.

use crate::{
    backend::cpu::{Cpu, Seed},
    plan::ValueId,
};

/// What a loss op is made with.
pub struct LossPlaces {
    /// Position of the task.
    pub task_idx: usize,
    /// What the loss is computed from.
    pub logits: ValueId,
    /// What the task predicts.
    pub probabilities: ValueId,
    /// Weights of the classes; empty for 1.
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

/// Where the gradient of a task's logits starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// Not at this task.
    Nowhere,
    /// From the loss, times this factor per labelled row.
    Loss(f32),
    /// 1 at this logit.
    Logit(usize),
}

/// Where the gradient of task `task_idx` starts in the pass that `cpu` runs.
pub fn start(cpu: &Cpu<'_>, task_idx: usize) -> Start {
    match cpu.seed {
        Seed::Losses(weights) | Seed::LossesToInputs(weights) => {
            let weight = weights.get(task_idx).copied().unwrap_or(0.0);
            let n = cpu.labelled[task_idx];
            if weight == 0.0 || n == 0 {
                Start::Nowhere
            } else {
                Start::Loss(weight / n as f32)
            }
        }
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

/// Adds to (or starts) a gradient.
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
