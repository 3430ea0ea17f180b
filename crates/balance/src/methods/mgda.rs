//! MGDA (Désidéri 2012; Sener and Koltun 2018): the shortest vector of the convex hull of the gradients.
//!
//! `w = argmin wᵀG w` over the simplex, `d = Σ wₜ gₜ`. Where `d` is not 0, `⟨d, gₜ⟩ >= ‖d‖²` for every task, so that
//! no loss grows; where it is 0 the point is Pareto-stationary. With two tasks
//! `w₁ = clip((G₂₂ - G₁₂) / (G₁₁ + G₂₂ - 2 G₁₂), 0, 1)`. With normalisation the hull is that of `gₜ / sₜ`, and the
//! weights are those of `gₜ` again, `wₜ / sₜ`. The program is solved exactly (see [`quadratic`]), where other
//! implementations iterate.

use mtl_base::choice;
use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::quadratic::{self, Constraint};

choice! {
    /// What gradients are divided by before.
    pub enum Normalization {
        /// Nothing.
        None = "none", ["none", "无"];
        /// Their norms.
        Norm = "l2", ["norm of the gradient", "梯度范数"];
        /// Their tasks' losses.
        Loss = "loss", ["loss", "损失"];
        /// Both.
        LossNorm = "loss+", ["loss times norm", "损失乘范数"];
    }
}

mtl_base::settings! {
    /// Settings of MGDA.
    pub struct Mgda {
        /// What gradients are divided by.
        normalization: Normalization = Normalization::None, Choice { options: Normalization::OPTIONS },
            ["Divide gradients by", "梯度归一化"],
            ["The shortest vector follows the smallest gradient; dividing removes the scales of the tasks first.", "最短向量偏向最小的梯度；归一化先消除各任务尺度的差异。"];
    }
}

/// A loss below this is divided by as if it were this.
const MIN_LOSS: f64 = 1e-8;

impl Method for Mgda {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "w = argmin ‖Σ wₜ gₜ‖²,  w ≥ 0, Σ wₜ = 1",
        summary: Text::new(
            "Takes the shortest vector in the convex hull of the gradients, along which no loss increases.",
            "取各梯度凸包中的最短向量，沿它没有损失会增大。",
        ),
        caveat: Text::new(
            "Follows the smallest gradient, so that a task that has converged, or has a small scale, holds back all others; may stop anywhere on the Pareto front.",
            "偏向最小的梯度：已收敛或尺度小的任务会拖住其他任务；可能停在帕累托前沿的任意位置。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Sener, Koltun",
            title: "Multi-Task Learning as Multi-Objective Optimization",
            year: 2018,
            arxiv: Some("1810.04650"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n();
        let [gram, system, ..] = &mut scratch.matrices;
        let [divisors, zero, solution, slopes, ..] = &mut scratch.vectors;
        for (i, divisor) in divisors.iter_mut().take(n).enumerate() {
            let norm = (problem.square(i) * problem.scale).sqrt();
            let loss = problem.losses[i].max(MIN_LOSS);
            *divisor = match self.normalization {
                Normalization::None => 1.0,
                Normalization::Norm => norm,
                Normalization::Loss => loss,
                Normalization::LossNorm => loss * norm,
            };
        }
        for i in 0..n {
            for j in 0..n {
                gram[i * n + j] = problem.product(i, j) / (divisors[i] * divisors[j]);
            }
        }
        zero.fill(0.0);
        let work = quadratic::Workspace {
            system,
            solution,
            slopes,
            free: &mut scratch.order,
        };
        quadratic::minimize(
            &gram[..n * n],
            &zero[..n],
            Constraint::Simplex,
            quadratic::RIDGE,
            weights,
            work,
        );
        for (weight, divisor) in weights.iter_mut().zip(divisors.iter()) {
            *weight /= divisor;
        }
        None
    }
}
