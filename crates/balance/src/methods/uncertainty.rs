//! Uncertainty weighting (Kendall, Gal and Cipolla 2018): every task learns the logarithm `s` of its noise's variance.
//!
//! `L = Σ aₜ e^(-sₜ) Lₜ + ½ sₜ`, with `a = ½` for a regression and `a = 1` for a classification. `s` follows its
//! gradient `½ - aₜ e^(-sₜ) Lₜ` by Adam with a learning rate of its own; the best `s` of a constant loss is
//! `log(2 a L)`. The total is negative where the learned variance is below 1: it is no longer a sum of losses. A task
//! without a label keeps its `s`.

use mtl_base::text::Text;
use mtl_kernels::elementary::exp_f64;

use super::{Method, adam};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Setup, Slot, TaskKind, Total};

mtl_base::settings! {
    /// Settings of uncertainty weighting.
    pub struct Uncertainty {
        /// Of `s`.
        learning_rate: f32 = 0.025, Real { min: 0.0, max: 1.0, step: 0.005 },
            ["Learning rate of s", "s 的学习率"],
            ["Adam's learning rate for the log-variances s.", "对数方差 s 的 Adam 学习率。"];
        /// Where `s` begins.
        start: f32 = 0.0, Real { min: -5.0, max: 5.0, step: 0.1 },
            ["Initial s", "s 的初值"],
            ["s = log σ² before the first step; -0.5 in LibMTL.", "第一步之前的 s = log σ²；LibMTL 中为 -0.5。"];
    }
}

/// Keeps `e^-s` and the weights within bounds, also for a loss that is exactly 0.
const MAX_LOG_VARIANCE: f64 = 20.0;

impl Method for Uncertainty {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "L = Σ aₜ e^(−sₜ) Lₜ + ½ sₜ,  a = ½ (regression) or 1 (classification),  s = log σ²",
        summary: Text::new(
            "Learns the noise of every task and gives noisy tasks less weight.",
            "学习每个任务的噪声大小，噪声大的任务权重更小。",
        ),
        caveat: Text::new(
            "The weight approaches 1 / loss, so that a task that fits well, even one that overfits, gets more and more weight. The total loss can be negative.",
            "权重最终约为损失的倒数，拟合好的（包括过拟合的）任务权重会不断增大。总损失可能为负。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Kendall, Gal, Cipolla",
            title: "Multi-Task Learning Using Uncertainty to Weigh Losses for Scene Geometry and Semantics",
            year: 2018,
            arxiv: Some("1705.07115"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task("log_variance", Text::new("s = log σ²", "s = log σ²"), 0.0),
        adam::MEAN,
        adam::SQUARE,
        adam::DECAY_1,
        adam::DECAY_2,
    ];

    fn start(&self, _setup: &Setup, memory: &mut Memory) {
        memory.slots[0].fill(f64::from(self.start));
    }

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let mut objective = 0.0;
        for ((weight, task), loss) in weights.iter_mut().zip(problem.tasks).zip(problem.losses) {
            let factor = match problem.setup.kinds[*task] {
                TaskKind::Regression => 0.5,
                TaskKind::Classification => 1.0,
            };
            let log_variance = memory.slots[0][*task];
            *weight = factor * exp_f64(-log_variance);
            objective += *weight * loss + 0.5 * log_variance;
            adam::step(
                &mut memory.slots,
                0,
                *task,
                0.5 - *weight * loss,
                f64::from(self.learning_rate),
            );
            let learned = &mut memory.slots[0][*task];
            *learned = learned.clamp(-MAX_LOG_VARIANCE, MAX_LOG_VARIANCE);
        }
        Some(objective)
    }
}
