//! Dynamic weight average (Liu, Johns and Davison 2019): tasks whose loss falls slowly get more weight.
//!
//! With the mean losses of the last two epochs, `rₜ = Lₜ(e-1) / Lₜ(e-2)` and `w = K softmax(r / T)`. All weights are
//! 1 until two epochs have ended. The ratio does not see the losses' scales, and the weights do not undo them.

use mtl_base::text::Text;

use super::{Method, softmax};
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

mtl_base::settings! {
    /// Settings of DWA.
    pub struct Dwa {
        /// Softness of the weights.
        temperature: f32 = 2.0, Real { min: 0.01, max: 100.0, step: 0.1 },
            ["Temperature T", "温度 T"],
            ["Large: all weights near 1; small: all weight on the slowest task.", "大：各权重接近 1；小：权重集中于下降最慢的任务。"];
    }
}

impl Method for Dwa {
    const NEEDS: Needs = Needs::Losses;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "rₜ = Lₜ(e−1) / Lₜ(e−2),  w = K · softmax(r / T)",
        summary: Text::new(
            "Gives more weight to the tasks whose loss fell least in the last epoch.",
            "上一轮损失下降最少的任务获得更大权重。",
        ),
        caveat: Text::new(
            "Ratios of successive epochs are close to 1, and so are the weights; a large loss still dominates.",
            "相邻轮次的比值接近 1，权重也接近 1；量级大的损失仍然占优。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Liu, Johns, Davison",
            title: "End-to-End Multi-Task Learning with Attention",
            year: 2019,
            arxiv: Some("1803.10704"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task(
            "last",
            Text::new("Mean loss of the last epoch", "上一轮平均损失"),
            0.0,
        ),
        Slot::per_task(
            "before_last",
            Text::new("Mean loss of the epoch before", "上上轮平均损失"),
            0.0,
        ),
    ];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let temperature = f64::from(self.temperature).max(1e-3);
        for (weight, task) in weights.iter_mut().zip(problem.tasks) {
            let (last, before_last) = (memory.slots[0][*task], memory.slots[1][*task]);
            let is_known = last > 0.0 && before_last > 0.0;
            *weight = if is_known {
                last / before_last / temperature
            } else {
                1.0 / temperature
            };
        }
        softmax(weights);
        for weight in &mut *weights {
            *weight *= problem.n() as f64;
        }
        None
    }

    fn end_epoch(&self, _epoch: u64, mean_losses: &[f64], memory: &mut Memory) {
        for (task, loss) in mean_losses.iter().enumerate() {
            if loss.is_finite() {
                memory.slots[1][task] = memory.slots[0][task];
                memory.slots[0][task] = *loss;
            }
        }
    }
}
