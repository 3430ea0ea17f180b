//! One task in each step, drawn in proportion to how much there is to learn from (Sanh, Wolf and Ruder 2019).
//!
//! Task `t` is drawn with `pₜ ∝ Nₜ^α`, `N` its labelled rows, or in proportion to given shares; where neither is
//! known all are alike. Only tasks with a label in the batch are drawn.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::newton::power;

mtl_base::settings! {
    /// Settings of drawing in proportion.
    pub struct InProportion {
        /// Exponent of the sizes.
        alpha: f32 = 1.0, Real { min: 0.0, max: 2.0, step: 0.1 },
            ["Exponent α", "指数 α"],
            ["1 draws in proportion to the labelled rows, 0 draws all tasks equally often.", "1 按有标签的行数成比例抽取，0 为等概率。"];
        /// Given shares.
        shares: Vec<f32> = Vec::new(), Reals { max_items: 64, min: 0.0, max: 1e6 },
            ["Shares", "份额"],
            ["One for each task, instead of its number of labelled rows; empty uses the number of rows.", "每个任务一个，代替其有标签的行数；留空则用行数。"];
    }
}

impl Method for InProportion {
    const NEEDS: Needs = Needs::Alternating;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "each step trains one task alone, drawn with pₜ ∝ Nₜ^α",
        summary: Text::new(
            "Trains one task in each step, drawn in proportion to its data.",
            "每一步只训练一个任务，按数据量成比例抽取。",
        ),
        caveat: Text::new(
            "A task with few labels is rarely trained and partly forgotten in between; an exponent below 1 helps.",
            "标签少的任务很少被训练，期间会被部分遗忘；指数小于 1 可缓解。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Sanh, Wolf, Ruder",
            title: "A Hierarchical Multi-task Approach for Learning Embeddings from Semantic Tasks",
            year: 2019,
            arxiv: Some("1811.06031"),
        },
    };

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let mut total = 0.0;
        for (weight, task) in weights.iter_mut().zip(problem.tasks) {
            let size = if self.shares.is_empty() {
                problem
                    .setup
                    .n_labelled
                    .get(*task)
                    .map_or(1.0, |rows| *rows as f64)
            } else {
                self.shares.get(*task).map_or(0.0, |share| f64::from(*share))
            };
            *weight = if size > 0.0 {
                power(size, f64::from(self.alpha))
            } else {
                0.0
            };
            total += *weight;
        }
        if total <= 0.0 {
            weights.fill(1.0);
            total = problem.n() as f64;
        }
        let mut left = problem.random().uniform_f64() * total;
        // The last one that can be drawn, should rounding leave something over.
        let mut drawn = weights.iter().rposition(|weight| *weight > 0.0).unwrap_or(0);
        for (position, weight) in weights.iter().enumerate() {
            if left < *weight {
                drawn = position;
                break;
            }
            left -= weight;
        }
        weights.fill(0.0);
        weights[drawn] = 1.0;
        None
    }
}
