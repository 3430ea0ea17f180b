//! GradDrop (Chen et al. 2020): for every parameter, either the positive or the negative parts of the gradients are
//! kept, by chance.
//!
//! `P = ½ (1 + Σ gₜ / Σ |gₜ|)`, `U` uniform in [0, 1). Where `P > U` the positive `gₜ` are kept, else the negative
//! ones; of what is dropped the share `leak` stays. Applied to the gradients of the shared parameters, as in TorchJD;
//! the paper applies it to those of the last shared representation, times its sign.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};
use crate::rows::Rows;

mtl_base::settings! {
    /// Settings of GradDrop.
    pub struct GradDrop {
        /// What stays of what is dropped.
        leak: f32 = 0.0, Real { min: 0.0, max: 1.0, step: 0.1 },
            ["Leak", "泄漏率"],
            ["0 drops one sign entirely, 1 drops nothing.", "0 完全舍去一种符号，1 全部保留。"];
    }
}

impl Method for GradDrop {
    const NEEDS: Needs = Needs::Jacobian;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "P = ½ (1 + Σ gₜ / Σ |gₜ|) for each parameter;  keep gₜ > 0 if P > U, else gₜ < 0,  U ~ U(0, 1)",
        summary: Text::new(
            "Where the tasks' gradients for a parameter have different signs, keeps one of the signs at random.",
            "当任务对某个参数的梯度符号相反时，随机保留其中一种符号。",
        ),
        caveat: Text::new(
            "Adds noise where the tasks disagree; needs the whole Jacobian and not only its Gram matrix.",
            "在任务不一致处引入噪声；需要完整雅可比矩阵而不仅是 Gram 矩阵。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "Chen, Ngiam, Huang, Luong, Kretzschmar, Chai, Anguelov",
            title: "Just Pick a Sign: Optimizing Deep Multitask Models with Gradient Sign Dropout",
            year: 2020,
            arxiv: Some("2010.06808"),
        },
    };

    fn combine(
        &self,
        problem: &Problem<'_>,
        rows: &Rows<'_>,
        _weights: &[f64],
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        out: &mut [f32],
    ) {
        let mut random = problem.random();
        for range in rows.columns {
            for column in range.clone() {
                let (mut positive, mut negative) = (0.0_f32, 0.0_f32);
                // The same sums, each task times what a person gives it.
                let (mut own_positive, mut own_negative) = (0.0_f32, 0.0_f32);
                for task in problem.tasks {
                    let value = rows.values[task * rows.stride + column];
                    let own = problem.task_weights[*task] as f32 * value;
                    if value > 0.0 {
                        positive += value;
                        own_positive += own;
                    } else {
                        negative += value;
                        own_negative += own;
                    }
                }
                // Drawn whether or not it matters, so that the next column's draw does not depend on it.
                let chance = random.uniform();
                let size = positive - negative;
                let purity = if size > 0.0 {
                    0.5 * (1.0 + (positive + negative) / size)
                } else {
                    0.5
                };
                out[column] = if purity > chance {
                    own_positive + self.leak * own_negative
                } else {
                    own_negative + self.leak * own_positive
                };
            }
        }
    }
}
