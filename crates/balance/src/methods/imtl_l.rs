//! IMTL-L (Liu et al. 2021): every task learns a scale, so that all scaled losses become 1.
//!
//! `L = Σ e^(sₜ) Lₜ - sₜ`; `s` follows its gradient `e^(s) L - 1` by Adam with a learning rate of its own. The best
//! `s` of a constant loss is `-log L`, for a regression as for a classification.

use mtl_base::text::Text;
use mtl_kernels::elementary::exp_f64;

use super::{Method, adam};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

mtl_base::settings! {
    /// Settings of IMTL-L.
    pub struct ImtlL {
        /// Of `s`.
        learning_rate: f32 = 0.025, Real { min: 0.0, max: 1.0, step: 0.005 },
            ["Learning rate of s", "s 的学习率"],
            ["Adam's learning rate for the log-scales s.", "对数尺度 s 的 Adam 学习率。"];
    }
}

/// Keeps `e^s` within bounds, also for a loss that is exactly 0.
const MAX_LOG_SCALE: f64 = 20.0;

impl Method for ImtlL {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "L = Σ e^(sₜ) Lₜ − sₜ",
        summary: Text::new(
            "Learns a scale for every loss that brings all scaled losses to 1.",
            "为每个损失学习一个尺度，使缩放后的损失都趋于 1。",
        ),
        caveat: Text::new(
            "In the end equivalent to the sum of logarithms, with the same preference for tasks that fit well.",
            "最终等价于对数损失之和，同样偏向拟合好的任务。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang",
            title: "Towards Impartial Multi-task Learning",
            year: 2021,
            arxiv: None,
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task("log_scale", Text::new("Log-scale s", "对数尺度 s"), 0.0),
        adam::MEAN,
        adam::SQUARE,
        adam::DECAY_1,
        adam::DECAY_2,
    ];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let mut objective = 0.0;
        for ((weight, task), loss) in weights.iter_mut().zip(problem.tasks).zip(problem.losses) {
            let log_scale = memory.slots[0][*task];
            *weight = exp_f64(log_scale);
            objective += *weight * loss - log_scale;
            adam::step(
                &mut memory.slots,
                0,
                *task,
                *weight * loss - 1.0,
                f64::from(self.learning_rate),
            );
            let learned = &mut memory.slots[0][*task];
            *learned = learned.clamp(-MAX_LOG_SCALE, MAX_LOG_SCALE);
        }
        Some(objective)
    }
}
