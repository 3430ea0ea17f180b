//! Fixed weights: `L = Σ wₜ Lₜ` with weights that a person has chosen. A task beyond the end of the list has weight 1.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// Settings of fixed weights.
    pub struct Fixed {
        /// One for each task.
        weights: Vec<f32> = Vec::new(), Reals { max_items: 64, min: 0.0, max: 1e6 },
            ["Weights", "权重"],
            ["One weight for each task, in order; a missing one is 1.", "按顺序为每个任务给出一个权重；缺少的视为 1。"];
    }
}

impl Method for Fixed {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "L = Σ wₜ Lₜ",
        summary: Text::new(
            "Adds up the losses with weights that were chosen by hand or found by search.",
            "用人工设定或搜索得到的权重相加各任务损失。",
        ),
        caveat: Text::new(
            "Good weights take a search over whole runs; they depend on the units of the losses and on the learning rate.",
            "好的权重需要多次完整训练来搜索，且取决于损失的量纲与学习率。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Xin, Ghorbani, Garg, Firat, Gilmer",
            title: "Do Current Multi-Task Optimization Methods in Deep Learning Even Help?",
            year: 2022,
            arxiv: Some("2209.11379"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        for (weight, task) in weights.iter_mut().zip(problem.tasks) {
            *weight = self.weights.get(*task).map_or(1.0, |weight| f64::from(*weight));
        }
        None
    }
}
