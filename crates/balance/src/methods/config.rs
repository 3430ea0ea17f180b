//! ConFIG (Liu, Chu and Thuerey 2025): the direction of equal cosines with all gradients, as long as the gradients
//! along it.
//!
//! With unit gradients `U`, `u = U⁺ 1` normalised, `d = (Σ ⟨gₜ, u⟩) u`. The direction is that of
//! [`imtl_g`](super::imtl_g), the length is not. Where no such direction exists (opposed gradients) `d = 0`.

use mtl_base::text::Text;

use super::{Method, equal_projections};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::{dot, square_norm};

mtl_base::settings! {
    /// ConFIG has no settings.
    pub struct Config {}
}

impl Method for Config {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "u = U⁺ 1 / ‖U⁺ 1‖  (U: unit gradients),  d = (Σ ⟨gₜ, u⟩) u",
        summary: Text::new(
            "Takes the direction with the same angle to all gradients; its length is the sum of their projections onto it.",
            "选取与所有梯度夹角相同的方向，长度为各梯度在其上的投影之和。",
        ),
        caveat: Text::new(
            "Steps become short where gradients conflict strongly; all tasks count equally, however much they still have to learn.",
            "梯度冲突强烈时步长变短；不论还需学多少，所有任务同等对待。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Liu, Chu, Thuerey",
            title: "ConFIG: Towards Conflict-free Training of Physics Informed Neural Networks",
            year: 2025,
            arxiv: Some("2408.11104"),
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
        equal_projections(problem, scratch, weights);
        let square = square_norm(problem.gram, weights);
        let reach: f64 = (0..n)
            .map(|i| dot(&problem.gram[i * n..(i + 1) * n], weights))
            .sum();
        // u = Σ w g / ‖Σ w g‖ and d = (Σ ⟨g, u⟩) u.
        let factor = if square > 1e-18 { reach / square } else { 0.0 };
        for weight in &mut *weights {
            *weight *= factor;
        }
        None
    }
}
