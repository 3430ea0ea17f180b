//! FairGrad (Ban and Ji 2024): α-fair allocation of the step's gain between the tasks.
//!
//! `d` maximises `Σ ⟨gₜ, d⟩^(1 - α) / (1 - α)` within a ball; its weights solve `G w = w^(-1/α)`, `w > 0`. α = 1 is
//! Nash's bargaining without the bound of its length, a large α the fairest share for the worst-off task. With the
//! cosines `C` and `wₜ = xₜ / ‖gₜ‖` the equations are `C x = ‖g‖^(1/α - 1) x^(-1/α)` (see
//! [`newton`]).

use mtl_base::text::Text;

use super::{Method, cosines};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::newton::{self, RIDGE, power};

mtl_base::settings! {
    /// Settings of FairGrad.
    pub struct FairGrad {
        /// Fairness.
        alpha: f32 = 2.0, Real { min: 0.1, max: 20.0, step: 0.1 },
            ["Fairness α", "公平度 α"],
            ["1 is proportional fairness (Nash), larger values favour the worst-off task.", "1 为比例公平（Nash），越大越照顾最差的任务。"];
    }
}

impl Method for FairGrad {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "G w = w^(−1/α),  w > 0;  d maximises Σ ⟨gₜ, d⟩^(1−α) / (1−α)",
        summary: Text::new(
            "Divides the gain of a step fairly between the tasks; the degree of fairness can be set.",
            "在任务之间公平分配更新带来的收益，公平程度可调。",
        ),
        caveat: Text::new(
            "Small gradients make long steps (for α > 1 as a power of their size): the learning rate must be chosen anew.",
            "梯度越小步长越大（α > 1 时按幂次增长）：学习率需重新选择。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Ban, Ji",
            title: "Fair Resource Allocation in Multi-Task Learning",
            year: 2024,
            arxiv: Some("2402.15638"),
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
        let alpha = f64::from(self.alpha).clamp(0.1, 100.0);
        let [matrix, hessian, ..] = &mut scratch.matrices;
        let [factors, step, trial, ..] = &mut scratch.vectors;
        cosines(problem, RIDGE, matrix);
        for (i, factor) in factors.iter_mut().take(n).enumerate() {
            *factor = power(problem.square(i).sqrt(), 1.0 / alpha - 1.0);
        }
        let work = newton::Workspace { hessian, step, trial };
        newton::solve_power_equations(&matrix[..n * n], &factors[..n], alpha, weights, work);
        // (s G) w = w^(-1/α) has the solution s^(-α / (α + 1)) times that of G.
        let rescale = power(problem.scale, -alpha / (alpha + 1.0));
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight *= rescale / problem.square(i).sqrt();
        }
        None
    }
}
