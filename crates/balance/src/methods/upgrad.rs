//! UPGrad (Quinton and Rey 2024): every task's gradient is projected onto the cone of steps along which no loss
//! grows; the step is their mean.
//!
//! The projection of `pₜ gₜ` onto `{d: J d >= 0}` is `Σ vᵢ gᵢ` with `v = argmin vᵀG v`, `v >= pₜ eₜ`; `w` is the sum
//! of the `v`, `p = 1/K`. As in TorchJD `G` is divided by its trace and given a ridge first. With two tasks it is
//! half of PCGrad.

use mtl_base::text::Text;

use super::{Method, project_onto_dual_cone};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// Settings of UPGrad.
    pub struct UpGrad {
        /// Of the Gram matrix.
        ridge: f32 = 1e-4, Real { min: 0.0, max: 0.1, step: 1e-4 },
            ["Ridge", "正则项"],
            ["Added to the diagonal of the Gram matrix of trace 1, against nearly linearly dependent gradients.", "加到迹为 1 的 Gram 矩阵对角线上，应对近似线性相关的梯度。"];
    }
}

impl Method for UpGrad {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "d = 1/K Σ projection of gₜ onto {d: ⟨gᵢ, d⟩ ≥ 0 for all i}",
        summary: Text::new(
            "Projects each gradient onto the cone where no loss increases and takes the mean: no conflict remains.",
            "将每个梯度投影到所有损失都不增大的锥上再取平均：不留冲突。",
        ),
        caveat: Text::new(
            "Large gradients still dominate, as in the mean; K quadratic programs per step.",
            "与取均值一样，大梯度仍占主导；每步需解 K 个二次规划。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Quinton, Rey",
            title: "Jacobian Descent for Multi-Objective Optimization",
            year: 2024,
            arxiv: Some("2406.16232"),
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
        weights.fill(0.0);
        for task in 0..n {
            let bounds = &mut scratch.vectors[0];
            bounds.fill(0.0);
            bounds[task] = 1.0 / n as f64;
            project_onto_dual_cone(problem, f64::from(self.ridge), scratch);
            for (weight, part) in weights.iter_mut().zip(&scratch.vectors[1]) {
                *weight += part;
            }
        }
        None
    }
}
