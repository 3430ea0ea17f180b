//! Smooth Tchebycheff scalarisation (Lin et al. 2024): a smooth maximum of the losses, each divided by what it was.
//!
//! For some epochs the sum of logarithms is minimised; the mean losses of the last of them (of a task without a label
//! in it, of an earlier one; else its next loss) are the nadir `z`. From then on
//! `L = K μ log Σ exp(log(Lₜ / zₜ) / μ)`, and `wₜ = K softmax(log(L / z) / μ)ₜ / Lₜ`. Losses count as
//! `max(Lₜ, 0) + ε`.

use mtl_base::text::Text;
use mtl_kernels::elementary::{exp_f64, log_f64};

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

mtl_base::settings! {
    /// Settings of STCH.
    pub struct Stch {
        /// Smoothness.
        mu: f32 = 1.0, Real { min: 0.01, max: 100.0, step: 0.1 },
            ["Smoothness μ", "平滑系数 μ"],
            ["Small: only the largest relative loss counts; large: all count equally.", "小：只看相对最大的损失；大：一视同仁。"];
        /// Before the nadir is taken.
        warm_up_epochs: usize = 4, Int { min: 1, max: 1000, step: 1 },
            ["Warm-up epochs", "预热轮数"],
            ["Number of epochs that minimise the sum of logarithms; losses are then compared with the mean losses of the last of them.", "先最小化对数损失之和的轮数；其最后一轮的平均损失作为比较基准。"];
    }
}

/// Added to losses.
const EPSILON: f64 = 1e-8;

impl Method for Stch {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "L = K μ log Σ exp(log(Lₜ / zₜ) / μ)",
        summary: Text::new(
            "Minimises a smooth maximum of the losses, each relative to its value after the warm-up.",
            "最小化损失（相对于预热后的水平）的平滑最大值。",
        ),
        caveat: Text::new(
            "The nadir is a snapshot: a task that had hardly started to learn by then counts as easy from then on.",
            "基准是一次快照：预热时还没怎么学的任务此后会被视为容易。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Lin, Zhang, Yang, Liu, Wang, Zhang",
            title: "Smooth Tchebycheff Scalarization for Multi-Objective Optimization",
            year: 2024,
            arxiv: Some("2402.19078"),
        },
    };
    const SLOTS: &'static [Slot] = &[Slot::per_task("nadir", Text::new("Nadir z", "基准点 z"), 0.0)];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n() as f64;
        let mu = f64::from(self.mu).max(1e-3);
        if problem.epoch < self.warm_up_epochs as u64 {
            let mut objective = 0.0;
            for (weight, loss) in weights.iter_mut().zip(problem.losses) {
                *weight = 1.0 / (loss.max(0.0) + EPSILON);
                objective -= log_f64(*weight);
            }
            return Some(objective);
        }
        let mut largest = f64::NEG_INFINITY;
        for ((weight, task), loss) in weights.iter_mut().zip(problem.tasks).zip(problem.losses) {
            let height = loss.max(0.0) + EPSILON;
            let nadir = &mut memory.slots[0][*task];
            if *nadir == 0.0 {
                *nadir = height;
            }
            *weight = log_f64(height / *nadir) / mu;
            largest = largest.max(*weight);
        }
        let mut sum = 0.0;
        for weight in &mut *weights {
            *weight = exp_f64(*weight - largest);
            sum += *weight;
        }
        for (weight, loss) in weights.iter_mut().zip(problem.losses) {
            *weight *= n / (sum * (loss.max(0.0) + EPSILON));
        }
        Some(n * mu * (largest + log_f64(sum)))
    }

    fn end_epoch(&self, epoch: u64, mean_losses: &[f64], memory: &mut Memory) {
        if epoch <= self.warm_up_epochs as u64 {
            for (nadir, loss) in memory.slots[0].iter_mut().zip(mean_losses) {
                if loss.is_finite() {
                    *nadir = loss.max(0.0) + EPSILON;
                }
            }
        }
    }
}
