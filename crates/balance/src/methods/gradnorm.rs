//! GradNorm (Chen et al. 2018): weights that bring the norms of the tasks' gradients to a common size, larger for
//! tasks that train slowly.
//!
//! With `nₜ = ‖gₜ‖` over all shared parameters, `Nₜ = wₜ nₜ`, their mean `N`, and the relative inverse training rate
//! `rₜ = (Lₜ / Lₜ(0)) / mean`, the weights follow the gradient of `Σ |Nₜ - N rₜ^α|`, the target `N rₜ^α` held
//! constant, by Adam; then they are scaled to their old total, which is `K`. `L(0)` is the first loss that was seen.
//! The target is that of each task (torch-rechub takes the mean's).

use mtl_base::text::Text;

use super::{Method, adam};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};
use crate::solve::newton::power;

mtl_base::settings! {
    /// Settings of GradNorm.
    pub struct GradNorm {
        /// Restoring force.
        alpha: f32 = 1.5, Real { min: 0.0, max: 10.0, step: 0.1 },
            ["Restoring force α", "恢复力 α"],
            ["0 makes all norms equal; larger values give larger norms to tasks that train slowly.", "0 使各范数相等；越大，训练慢的任务范数越大。"];
        /// Of the weights.
        learning_rate: f32 = 0.025, Real { min: 0.0, max: 1.0, step: 0.005 },
            ["Learning rate of w", "w 的学习率"],
            ["Adam's learning rate for the weights.", "权重的 Adam 学习率。"];
    }
}

const WEIGHTS: usize = 0;
const FIRST_LOSSES: usize = 5;
/// No weight becomes 0 or negative, and no loss is divided by 0.
const SMALLEST: f64 = 1e-4;

impl Method for GradNorm {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "Nₜ = wₜ ‖gₜ‖;  w minimises Σ |Nₜ − mean(N) · rₜ^α|,  rₜ = (Lₜ / Lₜ(0)) / mean;  Σ w = K",
        summary: Text::new(
            "Learns weights that bring the tasks' gradients to comparable norms and let slow tasks catch up.",
            "学习权重，使各任务梯度范数相近，并让训练慢的任务赶上。",
        ),
        caveat: Text::new(
            "Compares lengths and not directions: conflicts remain. The initial loss decides what counts as slow.",
            "只看长度不看方向：冲突仍在。初始损失决定何为“慢”。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Chen, Badrinarayanan, Lee, Rabinovich",
            title: "GradNorm: Gradient Normalization for Adaptive Loss Balancing in Deep Multitask Networks",
            year: 2018,
            arxiv: Some("1711.02257"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task("weight", Text::new("Weight w", "权重 w"), 1.0),
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
        let [norms, rates, ..] = &mut scratch.vectors;
        let (mut total, mut mean_norm, mut mean_rate) = (0.0, 0.0, 0.0);
        for (i, task) in problem.tasks.iter().enumerate() {
            weights[i] = memory.slots[WEIGHTS][*task];
            total += weights[i];
            norms[i] = problem.square(i).sqrt();
            mean_norm += weights[i] * norms[i] / n as f64;
            let first = &mut memory.slots[FIRST_LOSSES][*task];
            if *first == 0.0 {
                *first = problem.losses[i].max(SMALLEST);
            }
            rates[i] = problem.losses[i].max(0.0) / *first;
            mean_rate += rates[i] / n as f64;
        }
        for (i, task) in problem.tasks.iter().enumerate() {
            let relative = if mean_rate > 0.0 {
                rates[i] / mean_rate
            } else {
                1.0
            };
            let target = if relative > 0.0 {
                mean_norm * power(relative, f64::from(self.alpha))
            } else {
                0.0
            };
            let difference = weights[i] * norms[i] - target;
            let gradient = if difference == 0.0 {
                0.0
            } else {
                difference.signum() * norms[i]
            };
            adam::step(
                &mut memory.slots,
                WEIGHTS,
                *task,
                gradient,
                f64::from(self.learning_rate),
            );
        }
        let learned = &mut memory.slots[WEIGHTS];
        let mut new_total = 0.0;
        for task in problem.tasks {
            learned[*task] = learned[*task].max(SMALLEST);
            new_total += learned[*task];
        }
        for task in problem.tasks {
            learned[*task] *= total / new_total;
        }
        None
    }
}
