//! Geometric loss (Chennupati et al. 2019): `L = (Π Lₜ)^(1/K)`, whose gradient is `Σ wₜ gₜ` with `wₜ = L / (K Lₜ)`.
//! Losses count as `max(Lₜ, 0) + ε`.

use mtl_base::text::Text;
use mtl_kernels::elementary::{exp_f64, log_f64};

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// Settings of the geometric loss.
    pub struct Gls {
        /// Added to losses.
        epsilon: f32 = 1e-8, Real { min: 1e-12, max: 1.0, step: 1e-8 },
            ["Epsilon ε", "ε"],
            ["Added to every loss, so that a loss of 0 does not stop the training of all tasks.", "加到每个损失上，避免某个为 0 的损失使所有训练停止。"];
    }
}

impl Method for Gls {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "L = (Π Lₜ)^(1/K),  wₜ = L / (K Lₜ)",
        summary: Text::new(
            "Minimises the geometric mean of the losses: their units do not matter.",
            "最小化损失的几何平均，与各损失的量纲无关。",
        ),
        caveat: Text::new(
            "A loss close to 0 makes its own step huge and all others tiny; losses must be positive.",
            "某个损失接近 0 时，其他任务的步长极小而它自己的极大；要求损失为正。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Chennupati, Sistu, Yogamani, A Rawashdeh",
            title: "MultiNet++: Multi-Stream Feature Aggregation and Geometric Loss Strategy for Multi-Task Learning",
            year: 2019,
            arxiv: Some("1904.08492"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n() as f64;
        let epsilon = f64::from(self.epsilon).max(1e-12);
        let mut sum = 0.0;
        for (weight, loss) in weights.iter_mut().zip(problem.losses) {
            *weight = log_f64(loss.max(0.0) + epsilon);
            sum += *weight;
        }
        let mean = sum / n;
        for weight in &mut *weights {
            *weight = exp_f64(mean - *weight) / n;
        }
        Some(exp_f64(mean))
    }
}
