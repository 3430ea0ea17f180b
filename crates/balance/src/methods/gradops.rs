//! GradOPS (Zhu et al. 2025): a gradient in conflict keeps only what is orthogonal to all other gradients.
//!
//! Where `⟨gᵢ, gⱼ⟩ < 0` for any `j`, `vᵢ = gᵢ` minus its projection onto the span of the other gradients; else
//! `vᵢ = gᵢ`. The step is the sum of the `v`, and `⟨vᵢ, gⱼ⟩ >= 0` for every pair: unlike PCGrad it leaves no
//! conflict, and has no order. The paper's re-weighting of the `v` towards chosen trade-offs is not part of this.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::eigen::{self, RANK_TOLERANCE};

mtl_base::settings! {
    /// GradOPS has no settings.
    pub struct GradOps {}
}

impl Method for GradOps {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "vᵢ = gᵢ − projection of gᵢ onto span{gⱼ, j ≠ i}  if ⟨gᵢ, gⱼ⟩ < 0 for a j, else gᵢ;  d = Σ vᵢ",
        summary: Text::new(
            "A conflicting gradient keeps only its part orthogonal to all others, so that no conflict remains.",
            "冲突的梯度只保留与其他所有梯度正交的部分，从而不留冲突。",
        ),
        caveat: Text::new(
            "With more tasks than directions nothing is orthogonal to all others: a conflicting task then does not train the shared layers at all.",
            "任务多于方向数时没有与其余都正交的部分：冲突的任务将完全不训练共享层。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Zhu, Zhao, Wu, Wang, Deng, Xu, Zheng",
            title: "Gradient Deconfliction via Orthogonal Projections onto Subspaces For Multi-task Learning",
            year: 2025,
            arxiv: Some("2503.03438"),
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
        let [matrix, vectors, ..] = &mut scratch.matrices;
        let [right, part, ..] = &mut scratch.vectors;
        let order = &mut scratch.order;
        weights.fill(1.0);
        for i in 0..n {
            if (0..n).all(|j| problem.product(i, j) >= 0.0) {
                continue;
            }
            order.clear();
            order.extend((0..n).filter(|j| *j != i));
            let m = order.len();
            // With unit gradients, so that their scales do not hide their rank.
            for (row, j) in order.iter().enumerate() {
                for (column, k) in order.iter().enumerate() {
                    let norms = (problem.square(*j) * problem.square(*k)).sqrt();
                    matrix[row * m + column] = problem.product(*j, *k) / norms;
                }
                right[row] = problem.product(*j, i) / problem.square(*j).sqrt();
            }
            eigen::pseudo_inverse(
                &mut matrix[..m * m],
                &mut vectors[..m * m],
                &right[..m],
                RANK_TOLERANCE,
                part,
            );
            for (row, j) in order.iter().enumerate() {
                weights[*j] -= part[row] / problem.square(*j).sqrt();
            }
        }
        None
    }
}
