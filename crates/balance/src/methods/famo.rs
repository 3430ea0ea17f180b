//! FAMO (Liu et al. 2023): weights that make the logarithms of all losses fall at the same rate, learnt from what the
//! last step did.
//!
//! `z = softmax(v)`, `Dₜ = Lₜ - L_min + 1e-8`, `wₜ = zₜ / (c Dₜ)` with `c = Σ zₜ / Dₜ`: the weights add up to one.
//! After the step the losses over the same rows are computed again, and `v` follows
//! `δₜ = log Dₜ(before) - log Dₜ(after)`, by Adam with the gradient `zₜ (δₜ - Σ zᵢ δᵢ) + γ vₜ`: a task that has fallen
//! more than the others loses weight.

use mtl_base::text::Text;
use mtl_kernels::elementary::log_f64;

use super::{Method, adam, softmax};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

mtl_base::settings! {
    /// Settings of FAMO.
    pub struct Famo {
        /// Of `v`.
        learning_rate: f32 = 0.025, Real { min: 0.0, max: 1.0, step: 0.005 },
            ["Learning rate of v", "v 的学习率"],
            ["Adam's learning rate for the logits v of the weights.", "权重 logits v 的 Adam 学习率。"];
        /// Pull towards equal weights.
        gamma: f32 = 0.001, Real { min: 0.0, max: 1.0, step: 0.001 },
            ["Decay γ", "衰减 γ"],
            ["Pulls the logits towards 0, and so the weights towards each other.", "将 logits 拉向 0，使权重趋于相等。"];
        /// Lower bound of the losses.
        min_loss: f32 = 0.0, Real { min: -1e6, max: 1e6, step: 1.0 },
            ["Smallest loss", "损失下界"],
            ["A lower bound of all losses, subtracted before the logarithm.", "所有损失的下界，取对数前先减去它。"];
    }
}

/// Keeps logarithms finite.
const EPSILON: f64 = 1e-8;

impl Famo {
    fn height(&self, loss: f64) -> f64 {
        (loss - f64::from(self.min_loss)).max(0.0) + EPSILON
    }

    /// z for the tasks of the problem.
    fn shares(problem: &Problem<'_>, memory: &Memory, shares: &mut [f64]) {
        for (share, task) in shares.iter_mut().zip(problem.tasks) {
            *share = memory.slots[0][*task];
        }
        softmax(shares);
    }
}

impl Method for Famo {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "wₜ ∝ softmax(v)ₜ / Lₜ;  after the step  δₜ = log Lₜ − log Lₜ′,  v ← v − η (Jₛᵀ δ + γ v)",
        summary: Text::new(
            "Makes all losses decrease at the same relative rate, at the cost of a second forward pass.",
            "使各损失以相同的相对速率下降，代价仅为多一次前向计算。",
        ),
        caveat: Text::new(
            "Learns from the change on a single batch, which is mostly noise with small batches or Dropout.",
            "依据单个批次的变化学习，小批量或使用 Dropout 时以噪声为主。",
        ),
        cost: Cost::OneBackwardTwoForward,
        paper: Paper {
            authors: "Liu, Feng, Stone, Liu",
            title: "FAMO: Fast Adaptive Multitask Optimization",
            year: 2023,
            arxiv: Some("2306.03792"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task("logit", Text::new("Logit v", "logit v"), 0.0),
        adam::MEAN,
        adam::SQUARE,
        adam::DECAY_1,
        adam::DECAY_2,
    ];
    const LOSSES_AFTER: bool = true;

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        Self::shares(problem, memory, weights);
        let (mut total, mut objective) = (0.0, 0.0);
        for (weight, loss) in weights.iter_mut().zip(problem.losses) {
            let height = self.height(*loss);
            objective += *weight * log_f64(height);
            *weight /= height;
            total += *weight;
        }
        for weight in &mut *weights {
            *weight /= total;
        }
        Some(objective / total)
    }

    fn after_step(
        &self,
        problem: &Problem<'_>,
        losses_after: &[f64],
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        let n = problem.n();
        let [shares, falls, ..] = &mut scratch.vectors;
        let (shares, falls) = (&mut shares[..n], &mut falls[..n]);
        Self::shares(problem, memory, shares);
        let mut mean = 0.0;
        for i in 0..n {
            falls[i] = log_f64(self.height(problem.losses[i])) - log_f64(self.height(losses_after[i]));
            mean += shares[i] * falls[i];
        }
        for (i, task) in problem.tasks.iter().enumerate() {
            let decay = f64::from(self.gamma) * memory.slots[0][*task];
            let gradient = shares[i] * (falls[i] - mean) + decay;
            adam::step(
                &mut memory.slots,
                0,
                *task,
                gradient,
                f64::from(self.learning_rate),
            );
        }
    }
}
