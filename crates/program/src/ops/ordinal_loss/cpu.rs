//! Kernels of the ordinal loss.

use super::OrdinalLoss;
use crate::{
    losses::{self, Start, class_of, class_weight},
    operation::{At, Cpu},
};
use mtl_kernels::elementary::{exp, expm1, log, sigmoid, softplus};

/// Smallest distance between two thresholds: no class can vanish.
const GAP: f32 = 1e-3;

/// `log p` of a class and its derivatives by the score, the threshold below it and the one above it.
///
/// With a = s - θ_below and b = s - θ_above, `p = σ(a) - σ(b) = σ(a) σ(-b) (1 - e^(b - a))`, which neither cancels nor
/// overflows.
fn log_probability(score: f32, below: Option<f32>, above: Option<f32>) -> (f32, [f32; 3]) {
    match (below, above) {
        (None, None) => (0.0, [0.0; 3]),
        (None, Some(above)) => {
            let b = score - above;
            (-softplus(b), [-sigmoid(b), 0.0, sigmoid(b)])
        }
        (Some(below), None) => {
            let a = score - below;
            (-softplus(-a), [sigmoid(-a), -sigmoid(-a), 0.0])
        }
        (Some(below), Some(above)) => {
            let (a, b) = (score - below, score - above);
            let rest = -expm1(below - above);
            let value = -softplus(-a) - softplus(b) + log(rest);
            // u (1 - u) / p and v (1 - v) / p.
            let by_below = exp(softplus(b) - softplus(a)) / rest;
            let by_above = exp(softplus(-a) - softplus(-b)) / rest;
            (value, [1.0 - sigmoid(a) - sigmoid(b), -by_below, by_above])
        }
    }
}

/// The thresholds around a class.
fn around(cuts: &[f32], class: usize) -> (Option<f32>, Option<f32>) {
    (
        class.checked_sub(1).map(|below| cuts[below]),
        cuts.get(class).copied(),
    )
}

pub fn forward(op: &OrdinalLoss, cpu: &mut Cpu<'_>) {
    let thresholds = &cpu.parameters[cpu.range(op.thresholds)];
    let [scores, p, cuts] = cpu.memory.values([op.logits, op.probabilities, op.cuts]);
    let cuts = &mut cuts[..op.n_classes - 1];
    let mut at = 0.0;
    for (index, (cut, threshold)) in cuts.iter_mut().zip(thresholds).enumerate() {
        at = if index == 0 {
            *threshold
        } else {
            at + softplus(*threshold) + GAP
        };
        *cut = at;
    }
    let (mut sum, mut n) = (0.0_f64, 0_usize);
    let rows = scores.iter().zip(p.chunks_exact_mut(op.n_classes));
    for ((score, p), y) in rows.zip(&cpu.targets[op.task_idx]) {
        for (class, p) in p.iter_mut().enumerate() {
            let (below, above) = around(cuts, class);
            *p = exp(log_probability(*score, below, above).0);
        }
        if let Some(class) = class_of(*y, op.n_classes) {
            let (below, above) = around(cuts, class);
            let (log_p, _) = log_probability(*score, below, above);
            sum -= f64::from(class_weight(&op.class_weights, class) * log_p);
            n += 1;
        }
    }
    losses::finish(cpu, op.task_idx, sum, n);
}

pub fn backward(op: &OrdinalLoss, cpu: &mut Cpu<'_>) {
    let start = losses::start(cpu, op.task_idx);
    let factor = match start {
        Start::Nowhere => return,
        Start::Logit(_) => {
            if cpu.memory.wants(op.logits) {
                let accumulate = cpu.memory.claim(op.logits);
                losses::seed_logit(cpu.memory.one(At::Gradient(op.logits)), 1, 0, accumulate);
            }
            return;
        }
        Start::Loss(factor) => factor,
    };
    let range = cpu.range(op.thresholds);
    let [scores, cuts] = cpu.memory.values([op.logits, op.cuts]);
    let (cuts, by_cuts) = cuts.split_at_mut(op.n_classes - 1);
    by_cuts.fill(0.0);
    for (score, y) in scores.iter().zip(&cpu.targets[op.task_idx]) {
        if let Some(class) = class_of(*y, op.n_classes) {
            let (below, above) = around(cuts, class);
            let (_, [_, by_below, by_above]) = log_probability(*score, below, above);
            let factor = factor * class_weight(&op.class_weights, class);
            if class > 0 {
                by_cuts[class - 1] -= factor * by_below;
            }
            if let Some(by_cut) = by_cuts.get_mut(class) {
                *by_cut -= factor * by_above;
            }
        }
    }
    if cpu.gradients.wants(op.thresholds) {
        // A threshold moves all those above it.
        for index in (1..by_cuts.len()).rev() {
            by_cuts[index - 1] += by_cuts[index];
        }
        let thresholds = &cpu.parameters[range];
        let (gradient, accumulate) = cpu.gradients.claim(op.thresholds);
        for (index, ((gradient, by_cut), threshold)) in gradient
            .iter_mut()
            .zip(by_cuts.iter())
            .zip(thresholds)
            .enumerate()
        {
            let slope = if index == 0 { 1.0 } else { sigmoid(*threshold) };
            losses::put(gradient, by_cut * slope, accumulate);
        }
    }
    if cpu.memory.wants(op.logits) {
        let accumulate = cpu.memory.claim(op.logits);
        let [scores, cuts, ds] =
            cpu.memory
                .get([At::Value(op.logits), At::Value(op.cuts), At::Gradient(op.logits)]);
        let cuts = &cuts[..op.n_classes - 1];
        for ((ds, score), y) in ds.iter_mut().zip(scores.iter()).zip(&cpu.targets[op.task_idx]) {
            let gradient = class_of(*y, op.n_classes).map_or(0.0, |class| {
                let (below, above) = around(cuts, class);
                let (_, [by_score, _, _]) = log_probability(*score, below, above);
                -factor * class_weight(&op.class_weights, class) * by_score
            });
            losses::put(ds, gradient, accumulate);
        }
    }
}
