//! Random loss weighting (Lin et al. 2022): `w = softmax(z)` with standard normal `z`, drawn anew in every step. A
//! litmus test: what a method gains over it is due to its weights, and not to their changing.

use mtl_base::text::Text;

use super::{Method, softmax};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// Random loss weighting has no settings.
    pub struct Rlw {}
}

impl Method for Rlw {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Mean;
    const CARD: Card = Card {
        formula: "w = softmax(z),  z ~ N(0, 1)ᴷ in every step",
        summary: Text::new(
            "Draws random weights in every step; a baseline that other methods should beat.",
            "每一步随机抽取权重；用于检验其他方法是否真的有效。",
        ),
        caveat: Text::new(
            "The mean weight is 1/K: steps are shorter and noisier than those of the sum.",
            "平均权重为 1/K：步长比损失之和短，噪声更大。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Lin, Ye, Zhang, Tsang",
            title: "Reasonable Effectiveness of Random Weighting: A Litmus Test for Multi-Task Learning",
            year: 2022,
            arxiv: Some("2111.10603"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let mut random = problem.random();
        for weight in &mut *weights {
            *weight = random.normal_f64();
        }
        softmax(weights);
        None
    }
}
