//! IMTL-G (Liu et al. 2021): the step whose projections onto all gradients are the same.
//!
//! `w ∝ G⁺ √diag(G)`, scaled to `Σ w = 1`; weights may be negative. With the cosines `C` it is `wₜ ∝ (C⁺ 1)ₜ / ‖gₜ‖`,
//! which does not see the gradients' scales. Where the weights add up to 0 (opposed gradients) no such step exists;
//! they are then `∝ 1 / ‖gₜ‖`, the limit for two tasks, whose step is 0 there.

use mtl_base::text::Text;

use super::{Method, equal_projections};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// IMTL-G has no settings.
    pub struct ImtlG {}
}

impl Method for ImtlG {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "w ∝ G⁺ √diag(G),  Σ wₜ = 1:  ⟨d, gₜ⟩ / ‖gₜ‖ is the same for all t",
        summary: Text::new(
            "Takes the step whose projections onto the gradients of all tasks are equal.",
            "选取在各任务梯度方向上投影相等的更新。",
        ),
        caveat: Text::new(
            "Weights can be negative with three or more tasks, and large where gradients are nearly linearly dependent.",
            "任务不少于三个时权重可能为负；梯度近似线性相关时可能很大。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Liu, Li, Kuang, Xue, Chen, Yang, Liao, Zhang",
            title: "Towards Impartial Multi-task Learning",
            year: 2021,
            arxiv: None,
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        equal_projections(problem, scratch, weights);
        let (total, size) = sums(weights);
        if total.abs() > 1e-9 * size {
            for weight in &mut *weights {
                *weight /= total;
            }
        } else {
            for (i, weight) in weights.iter_mut().enumerate() {
                *weight = 1.0 / problem.square(i).sqrt();
            }
            let (total, _) = sums(weights);
            for weight in &mut *weights {
                *weight /= total;
            }
        }
        None
    }
}

/// The sum and the sum of the absolute values.
fn sums(weights: &[f64]) -> (f64, f64) {
    let add = |(total, size): (f64, f64), weight: &f64| (total + weight, size + weight.abs());
    weights.iter().fold((0.0, 0.0), add)
}
