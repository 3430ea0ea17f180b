//! DB-MTL (Lin et al. 2023): logarithms of the losses, and gradients brought to the largest norm.
//!
//! `ĝₜ` is a running mean of the gradients of `log(Lₜ + 1e-8)`: `ĝ ← β' ĝ + (1 - β') g / (L + 1e-8)` with
//! `β' = β / stepᵟ`; the step is `Σ (maxᵢ ‖ĝᵢ‖ / ‖ĝₜ‖) ĝₜ`. The running mean is one row of the Jacobian for each
//! task, and part of the run's state. Heads follow the gradient of the logarithm.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};
use crate::rows::{Rows, dot};
use crate::solve::newton::power;

mtl_base::settings! {
    /// Settings of DB-MTL.
    pub struct DbMtl {
        /// Of the running mean.
        beta: f32 = 0.9, Real { min: 0.0, max: 0.999, step: 0.01 },
            ["Momentum β", "动量 β"],
            ["Momentum of the running mean of gradients; 0 uses the current gradients alone and needs no memory.", "梯度滑动平均的动量；0 表示只用当前梯度，无需额外存储。"];
        /// How the momentum fades.
        sigma: f32 = 0.0, Real { min: 0.0, max: 2.0, step: 0.1 },
            ["Fading σ", "衰减指数 σ"],
            ["The momentum of step n is β / n^σ.", "第 n 步的动量为 β / n^σ。"];
    }
}

/// Keeps a loss of 0 from dividing.
const EPSILON: f64 = 1e-8;

impl Method for DbMtl {
    const NEEDS: Needs = Needs::Jacobian;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "ĝₜ ← β ĝₜ + (1 − β) ∇log Lₜ,  d = Σ (maxᵢ ‖ĝᵢ‖ / ‖ĝₜ‖) ĝₜ",
        summary: Text::new(
            "Removes the scales of the losses (by logarithms) and of the gradients (by norms).",
            "用对数消除损失尺度，用范数消除梯度尺度。",
        ),
        caveat: Text::new(
            "Every task is scaled to the largest norm, even one that has converged to noise; stores a gradient for each task.",
            "每个任务的范数都放大到最大者，包括已收敛、以噪声为主的任务；需为每个任务保存梯度。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Lin, Jiang, Ye, Zhang, Chen, Chen, Liu, Kwok",
            title: "Dual-Balancing for Multi-Task Learning",
            year: 2023,
            arxiv: Some("2308.12029"),
        },
    };
    const SLOTS: &'static [Slot] = &[Slot::scalar("steps", Text::new("Steps", "步数"), 0.0)];

    fn keeps_rows(&self) -> bool {
        self.beta > 0.0
    }

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        for (weight, loss) in weights.iter_mut().zip(problem.losses) {
            *weight = 1.0 / (loss.max(0.0) + EPSILON);
        }
        None
    }

    fn combine(
        &self,
        problem: &Problem<'_>,
        rows: &Rows<'_>,
        _weights: &[f64],
        memory: &mut Memory,
        scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let n_shared = rows.n_shared();
        let keeps = memory.rows.len() == problem.setup.n_tasks() * n_shared && self.beta > 0.0;
        memory.slots[0][0] += 1.0;
        let beta = f64::from(self.beta) / power(memory.slots[0][0], f64::from(self.sigma));
        let factors = &mut scratch.vectors[0];
        let mut largest = 0.0_f64;
        for (i, task) in problem.tasks.iter().enumerate() {
            let inverse = 1.0 / (problem.losses[i].max(0.0) + EPSILON);
            let square: f64 = if keeps {
                let kept = &mut memory.rows[task * n_shared..(task + 1) * n_shared];
                let (old, new) = (beta as f32, ((1.0 - beta) * inverse) as f32);
                let mut start = 0;
                for range in rows.columns {
                    let kept = &mut kept[start..start + range.len()];
                    for (kept, value) in kept.iter_mut().zip(rows.part(*task, range)) {
                        *kept = old * *kept + new * value;
                    }
                    start += range.len();
                }
                dot(kept, kept)
            } else {
                let squares = rows.columns.iter().map(|range| rows.part(*task, range));
                squares.map(|part| dot(part, part)).sum::<f64>() * inverse * inverse
            };
            let norm = square.sqrt();
            largest = largest.max(norm);
            // Of the kept row, or of the gradient itself.
            let unit = if norm > 0.0 { 1.0 / norm } else { 0.0 };
            factors[i] = if keeps { unit } else { unit * inverse };
        }
        let mut start = 0;
        for range in rows.columns {
            let out = &mut out[range.clone()];
            out.fill(0.0);
            for (i, task) in problem.tasks.iter().enumerate() {
                let factor = (largest * factors[i] * problem.task_weights[*task]) as f32;
                let row = if keeps {
                    &memory.rows[task * n_shared + start..][..range.len()]
                } else {
                    rows.part(*task, range)
                };
                for (sum, value) in out.iter_mut().zip(row) {
                    *sum += factor * value;
                }
            }
            start += range.len();
        }
    }
}
