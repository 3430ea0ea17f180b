//! Scale-invariant sum: `L = Σ log Lₜ`, whose gradient is `Σ gₜ / Lₜ`. The simplest method that does not see a loss's
//! unit; a baseline of Navon et al. (2022). Losses count as `max(Lₜ, 0) + ε`.

use mtl_base::text::Text;
use mtl_kernels::elementary::log_f64;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// Settings of the sum of logarithms.
    pub struct ScaleInvariant {
        /// Added to losses.
        epsilon: f32 = 1e-6, Real { min: 1e-12, max: 1.0, step: 1e-6 },
            ["Epsilon ε", "ε"],
            ["Added to every loss: no weight is above 1/ε.", "加到每个损失上：权重不超过 1/ε。"];
    }
}

impl Method for ScaleInvariant {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "L = Σ log Lₜ,  wₜ = 1 / Lₜ",
        summary: Text::new(
            "Adds up the logarithms of the losses: their units do not matter.",
            "相加损失的对数，与各损失的量纲无关。",
        ),
        caveat: Text::new(
            "The weight of a task grows as it fits, even if it overfits; losses must be positive.",
            "任务拟合得越好权重越大，过拟合时也是如此；要求损失为正。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Navon, Shamsian, Achituve, Maron, Kawaguchi, Chechik, Fetaya",
            title: "Multi-Task Learning as a Bargaining Game",
            year: 2022,
            arxiv: Some("2202.01017"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let epsilon = f64::from(self.epsilon).max(1e-12);
        let mut objective = 0.0;
        for (weight, loss) in weights.iter_mut().zip(problem.losses) {
            let loss = loss.max(0.0) + epsilon;
            *weight = 1.0 / loss;
            objective += log_f64(loss);
        }
        Some(objective)
    }
}
