//! Nash-MTL (Navon et al. 2022): the Nash bargaining solution between the tasks.
//!
//! `d` maximises `Σ log ⟨gₜ, d⟩` within a ball; its weights solve `G w = 1 / w`, `w > 0`. They are the minimum of
//! `½ wᵀG w - Σ log wₜ`, found by damped Newton steps (see [`newton`]) on the cosine matrix: `wₜ = xₜ / ‖gₜ‖` with
//! `C x = 1 / x`. The exact solution has `‖d‖ = √K` wherever it exists; the step is shortened to `max_norm` as in the
//! authors' code, which approaches the solution by at most 20 convex programs and keeps the last weights where those
//! fail.

use mtl_base::text::Text;

use super::{Method, cosines};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::newton::{self, RIDGE};
use crate::solve::square_norm;

mtl_base::settings! {
    /// Settings of Nash-MTL.
    pub struct NashMtl {
        /// Longest step.
        max_norm: f32 = 1.0, Real { min: 0.0, max: 1000.0, step: 0.1 },
            ["Largest norm", "最大范数"],
            ["Longer steps are scaled down to this norm; 0: no limit.", "更新的范数上限；0 表示不限制。"];
    }
}

impl Method for NashMtl {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "G w = 1 / w,  w > 0;  d maximises Σ log ⟨gₜ, d⟩",
        summary: Text::new(
            "Lets the tasks bargain (Nash): takes the step with the largest product of their gains.",
            "让任务进行议价：选取使各任务收益之积最大的更新。",
        ),
        caveat: Text::new(
            "All steps have the same length, however small the gradients: only the learning rate makes training converge.",
            "无论梯度大小步长都相同：只能靠学习率收敛。",
        ),
        cost: Cost::BackwardPerTask,
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
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n();
        let [matrix, hessian, ..] = &mut scratch.matrices;
        let [factors, step, trial, ..] = &mut scratch.vectors;
        cosines(problem, RIDGE, matrix);
        factors.fill(1.0);
        let work = newton::Workspace { hessian, step, trial };
        newton::solve_power_equations(&matrix[..n * n], &factors[..n], 1.0, weights, work);
        for (i, weight) in weights.iter_mut().enumerate() {
            *weight /= problem.square(i).sqrt();
        }
        let norm = square_norm(problem.gram, weights).sqrt();
        let max_norm = f64::from(self.max_norm);
        // The products are those of gradients divided by this.
        let mut factor = 1.0 / problem.scale.sqrt();
        if max_norm > 0.0 && norm > max_norm {
            factor *= max_norm / norm;
        }
        for weight in &mut *weights {
            *weight *= factor;
        }
        None
    }
}
