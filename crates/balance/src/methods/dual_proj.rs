//! DualProj: the mean gradient is projected onto the cone of steps along which no loss grows, as gradient episodic
//! memory does (Lopez-Paz and Ranzato 2017).
//!
//! The projection of `Σ pₜ gₜ` onto `{d: J d >= 0}` is `Σ wᵢ gᵢ` with `w = argmin wᵀG w`, `w >= p`, `p = 1/K`. As in
//! TorchJD `G` is divided by its trace and given a ridge first.

use mtl_base::text::Text;

use super::{Method, project_onto_dual_cone};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// Settings of DualProj.
    pub struct DualProj {
        /// Of the Gram matrix.
        ridge: f32 = 1e-4, Real { min: 0.0, max: 0.1, step: 1e-4 },
            ["Ridge", "正则项"],
            ["Added to the diagonal of the Gram matrix of trace 1, against nearly linearly dependent gradients.", "加到迹为 1 的 Gram 矩阵对角线上，应对近似线性相关的梯度。"];
    }
}

impl Method for DualProj {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "d = projection of 1/K Σ gₜ onto {d: ⟨gᵢ, d⟩ ≥ 0 for all i}",
        summary: Text::new(
            "Projects the mean gradient onto the cone where no loss increases; changes nothing if it is inside.",
            "将平均梯度投影到所有损失都不增大的锥上；若已在锥内则不变。",
        ),
        caveat: Text::new(
            "If the mean is outside, the step follows the boundary of the cone: conflicting tasks do not improve.",
            "平均梯度在锥外时沿锥边更新：冲突的任务没有收益。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Lopez-Paz, Ranzato",
            title: "Gradient Episodic Memory for Continual Learning",
            year: 2017,
            arxiv: Some("1706.08840"),
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
        scratch.vectors[0].fill(1.0 / n as f64);
        project_onto_dual_cone(problem, f64::from(self.ridge), scratch);
        weights.copy_from_slice(&scratch.vectors[1][..n]);
        None
    }
}
