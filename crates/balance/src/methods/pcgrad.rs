//! PCGrad (Yu et al. 2020): a gradient loses its part that points against another task's gradient.
//!
//! For every task `i`, `v = gᵢ`; then for the other tasks `j` in random order, where `⟨v, gⱼ⟩ < 0`:
//! `v ← v - ⟨v, gⱼ⟩ / ‖gⱼ‖² gⱼ`. The step is the sum of the `v`. Each `v` is a combination of the gradients, so that
//! the whole follows from the Gram matrix. The authors' TensorFlow code draws the order and drops it; here, as in the
//! paper, it is drawn anew for every task and step.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::solve::dot;

mtl_base::settings! {
    /// Settings of PCGrad.
    pub struct PcGrad {
        /// Whether the order is drawn.
        shuffle: bool = true, Flag,
            ["Random order", "随机顺序"],
            ["With three or more tasks the result depends on the order in which the other tasks are processed.", "任务数不少于三个时，结果取决于处理其他任务的顺序。"];
    }
}

impl Method for PcGrad {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "vᵢ = gᵢ;  for j in random order, if ⟨vᵢ, gⱼ⟩ < 0:  vᵢ ← vᵢ − ⟨vᵢ, gⱼ⟩ / ‖gⱼ‖² · gⱼ;  d = Σ vᵢ",
        summary: Text::new(
            "Where two gradients conflict, projects each onto the normal plane of the other.",
            "两个梯度冲突时，将每个梯度投影到另一个的法平面上。",
        ),
        caveat: Text::new(
            "With three or more tasks the sum can still conflict with one of them; large gradients still dominate; does nothing where tasks do not conflict.",
            "任务不少于三个时，结果仍可能与其中之一冲突；大梯度仍占主导；无冲突时不起作用。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Yu, Kumar, Gupta, Levine, Hausman, Finn",
            title: "Gradient Surgery for Multi-Task Learning",
            year: 2020,
            arxiv: Some("2001.06782"),
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
        let mut random = problem.random();
        let combination = &mut scratch.vectors[0];
        let order = &mut scratch.order;
        weights.fill(0.0);
        for i in 0..n {
            combination[..n].fill(0.0);
            combination[i] = 1.0;
            order.clear();
            order.extend((0..n).filter(|j| *j != i));
            if self.shuffle {
                random.shuffle(order);
            }
            for j in order.iter() {
                let product = dot(&combination[..n], &problem.gram[j * n..(j + 1) * n]);
                if product < 0.0 {
                    combination[*j] -= product / problem.square(*j);
                }
            }
            for (weight, part) in weights.iter_mut().zip(combination.iter()) {
                *weight += part;
            }
        }
        None
    }
}
