//! Gradient vaccine (Wang et al. 2021): gradients are turned towards each other until their cosines reach what they
//! have been on average.
//!
//! A target `φᵢⱼ` is kept for every pair, 0 at the beginning. For every task `i`, `v = gᵢ`; then for the other tasks
//! `j` in random order, with `c = cos(v, gⱼ)`, where `c < φᵢⱼ`:
//! ```text
//! v ← v + ‖v‖ (φ √(1 - c²) - c √(1 - φ²)) / (‖gⱼ‖ √(1 - φ²)) gⱼ
//! ```
//! which makes the cosine `φ`; and `φᵢⱼ ← (1 - β) φᵢⱼ + β c`. The step is the sum of the `v`. With `φ = 0` it is
//! PCGrad. Here all shared parameters are one group.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Shape, Slot, Total};
use crate::solve::{dot, square_norm};

mtl_base::settings! {
    /// Settings of GradVac.
    pub struct GradVac {
        /// Of the targets.
        beta: f32 = 0.5, Real { min: 0.0, max: 1.0, step: 0.01 },
            ["Target rate β", "目标更新率 β"],
            ["How fast the targets follow the measured cosines; 0 keeps them at 0, which is PCGrad.", "目标跟随实测余弦的速度；0 时目标恒为 0，即 PCGrad。"];
        /// Whether the order is drawn.
        shuffle: bool = true, Flag,
            ["Random order", "随机顺序"],
            ["With three or more tasks the result depends on the order in which the other tasks are processed.", "任务数不少于三个时，结果取决于处理其他任务的顺序。"];
    }
}

/// A target is kept this far from ±1, where the formula has no value.
const MAX_TARGET: f64 = 1.0 - 1e-6;

impl Method for GradVac {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "if c = cos(vᵢ, gⱼ) < φᵢⱼ:  vᵢ ← vᵢ + ‖vᵢ‖ (φ√(1−c²) − c√(1−φ²)) / (‖gⱼ‖ √(1−φ²)) · gⱼ;  φ ← (1−β) φ + β c",
        summary: Text::new(
            "Moves gradients towards each other until their cosines reach their running average.",
            "将梯度彼此拉近，直到余弦达到其历史平均水平。",
        ),
        caveat: Text::new(
            "Where tasks have been similar for long, it lengthens gradients a lot; otherwise it equals PCGrad.",
            "任务长期相似时会显著拉长梯度；否则退化为 PCGrad。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Wang, Tsvetkov, Firat, Cao",
            title: "Gradient Vaccine: Investigating and Improving Multi-task Optimization in Massively Multilingual Models",
            year: 2021,
            arxiv: Some("2010.05874"),
        },
    };
    const SLOTS: &'static [Slot] = &[Slot {
        key: "target",
        label: Text::new("Target cosine φ", "目标余弦 φ"),
        shape: Shape::PerPair,
        start: 0.0,
    }];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n = problem.n();
        let beta = f64::from(self.beta);
        let mut random = problem.random();
        let combination = &mut scratch.vectors[0][..n];
        let order = &mut scratch.order;
        weights.fill(0.0);
        for i in 0..n {
            combination.fill(0.0);
            combination[i] = 1.0;
            order.clear();
            order.extend((0..n).filter(|j| *j != i));
            if self.shuffle {
                random.shuffle(order);
            }
            for j in order.iter() {
                let norm = square_norm(problem.gram, combination).sqrt();
                let other_norm = problem.square(*j).sqrt();
                if norm <= 0.0 {
                    continue;
                }
                let product = dot(combination, &problem.gram[j * n..(j + 1) * n]);
                let cosine = (product / (norm * other_norm)).clamp(-1.0, 1.0);
                let pair = problem.tasks[i] * problem.setup.n_tasks() + problem.tasks[*j];
                let target = &mut memory.slots[0][pair];
                if cosine < *target {
                    let bounded = target.min(MAX_TARGET);
                    let (sine, target_sine) =
                        ((1.0 - cosine * cosine).sqrt(), (1.0 - bounded * bounded).sqrt());
                    let length = norm * (bounded * sine - cosine * target_sine);
                    combination[*j] += length / (other_norm * target_sine);
                }
                *target = (1.0 - beta) * *target + beta * cosine;
            }
            for (weight, part) in weights.iter_mut().zip(combination.iter()) {
                *weight += part;
            }
        }
        None
    }
}
