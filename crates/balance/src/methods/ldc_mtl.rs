//! LDC-MTL (Xiao et al. 2025): a weighted sum whose weights learn to keep the weighted losses together, by a penalty
//! on their differences.
//!
//! `F = Σ wₜ ℓₜ + λ Σ |τₜ ℓₜ - τₜ₊₁ ℓₜ₊₁|` with `w = softmax(v)`, `τ = w` or 1, and `ℓₜ = Lₜ / Lₜ(0)`, the loss over
//! its first value. The network and `v` both follow the gradient of `F`: the authors' penalised, single-level form of
//! their bilevel problem. Here `v` is one free number for each task (as in the authors' code for CelebA, which uses
//! sigmoids); in the paper a small network computes it from the features. Near the kinks a weight may be negative:
//! the penalty then raises the loss that is below its neighbours.

use mtl_base::choice;
use mtl_base::text::Text;

use super::{Method, adam, softmax};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

choice! {
    /// What losses are multiplied by before they are compared.
    pub enum Compared {
        /// τ = w.
        Weighted = "weighted", ["weighted losses (τ = w)", "加权损失（τ = w）"];
        /// τ = 1.
        Plain = "plain", ["losses (τ = 1)", "损失（τ = 1）"];
    }
}

mtl_base::settings! {
    /// Settings of LDC-MTL.
    pub struct LdcMtl {
        /// Of the penalty.
        lambda: f32 = 0.01, Real { min: 0.0, max: 10.0, step: 0.01 },
            ["Penalty λ", "惩罚系数 λ"],
            ["How strongly differences between the losses are penalised.", "抑制各损失之间差异的强度。"];
        /// Of `v`.
        learning_rate: f32 = 0.001, Real { min: 0.0, max: 1.0, step: 0.001 },
            ["Learning rate of v", "v 的学习率"],
            ["Adam's learning rate for the logits v of the weights.", "权重 logits v 的 Adam 学习率。"];
        /// What is compared.
        compared: Compared = Compared::Weighted, Choice { options: Compared::OPTIONS },
            ["Compare", "比较对象"],
            ["Whether the weighted or the unweighted losses are to become similar.", "要求加权损失还是原始损失彼此接近。"];
        /// Whether losses are divided by their first value.
        normalize: bool = true, Flag,
            ["Divide by the initial loss", "除以初始损失"],
            ["Otherwise losses in different units cannot be compared.", "否则不同量纲的损失无法比较。"];
    }
}

const LOGITS: usize = 0;
const FIRST_LOSSES: usize = 5;
/// A first loss below this counts as this.
const MIN_LOSS: f64 = 1e-8;

impl Method for LdcMtl {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "F = Σ wₜ ℓₜ + λ Σ |wₜ ℓₜ − wₜ₊₁ ℓₜ₊₁|,  w = softmax(v),  ℓₜ = Lₜ / Lₜ(0)",
        summary: Text::new(
            "Learns weights while a penalty keeps the losses close to each other.",
            "在惩罚项抑制损失差异的同时学习权重。",
        ),
        caveat: Text::new(
            "Compares tasks that are neighbours in their order only; well-trained tasks need not have similar losses.",
            "只比较顺序相邻的任务；训练得好并不意味着损失相近。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Xiao, Dong, Zou, Ji",
            title: "LDC-MTL: Balancing Multi-Task Learning through Scalable Loss Discrepancy Control",
            year: 2025,
            arxiv: Some("2502.08585"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task("logit", Text::new("Logit v", "logit v"), 0.0),
        adam::MEAN,
        adam::SQUARE,
        adam::DECAY_1,
        adam::DECAY_2,
        Slot::per_task("first_loss", Text::new("Initial loss L(0)", "初始损失 L(0)"), 0.0),
    ];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n();
        let lambda = f64::from(self.lambda);
        let [shares, losses, signs, ..] = &mut scratch.vectors;
        let (shares, losses) = (&mut shares[..n], &mut losses[..n]);
        for (i, task) in problem.tasks.iter().enumerate() {
            shares[i] = memory.slots[LOGITS][*task];
            let first = &mut memory.slots[FIRST_LOSSES][*task];
            if *first == 0.0 {
                *first = problem.losses[i].abs().max(MIN_LOSS);
            }
            losses[i] = if self.normalize {
                problem.losses[i] / *first
            } else {
                problem.losses[i]
            };
        }
        softmax(shares);
        let compared = |i: usize| match self.compared {
            Compared::Weighted => shares[i] * losses[i],
            Compared::Plain => losses[i],
        };
        // The derivative of the penalty by what is compared.
        signs.fill(0.0);
        let mut objective: f64 = (0..n).map(|i| shares[i] * losses[i]).sum();
        for i in 1..n {
            let difference = compared(i - 1) - compared(i);
            objective += lambda * difference.abs();
            if difference != 0.0 {
                signs[i - 1] += difference.signum();
                signs[i] -= difference.signum();
            }
        }
        let by_share = |i: usize| match self.compared {
            Compared::Weighted => losses[i] * (1.0 + lambda * signs[i]),
            Compared::Plain => losses[i],
        };
        let mean: f64 = (0..n).map(|i| shares[i] * by_share(i)).sum();
        for (i, task) in problem.tasks.iter().enumerate() {
            let gradient = shares[i] * (by_share(i) - mean);
            adam::step(
                &mut memory.slots,
                LOGITS,
                *task,
                gradient,
                f64::from(self.learning_rate),
            );
        }
        for (i, task) in problem.tasks.iter().enumerate() {
            let by_loss = match self.compared {
                Compared::Weighted => shares[i] * (1.0 + lambda * signs[i]),
                Compared::Plain => shares[i] + lambda * signs[i],
            };
            let divisor = if self.normalize {
                memory.slots[FIRST_LOSSES][*task]
            } else {
                1.0
            };
            weights[i] = by_loss / divisor;
        }
        Some(objective)
    }
}
