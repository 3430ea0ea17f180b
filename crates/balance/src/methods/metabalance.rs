//! MetaBalance (He et al. 2022): the gradients of auxiliary tasks are brought towards the norm of the main task's.
//!
//! With running means `mₜ` of the norms, the main task has weight 1 and another `r m_main / mₜ + 1 - r`. Here the
//! norm is that of all shared parameters; the authors take it matrix by matrix.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

mtl_base::settings! {
    /// Settings of MetaBalance.
    pub struct MetaBalance {
        /// Number of the main task.
        main_task: usize = 1, Int { min: 1, max: 64, step: 1 },
            ["Main task", "主任务"],
            ["Number of the task that the others support, counted from 1.", "其他任务所辅助的任务序号，从 1 起。"];
        /// How far norms are adapted.
        relax: f32 = 0.7, Real { min: 0.0, max: 1.0, step: 0.1 },
            ["Relaxation r", "松弛系数 r"],
            ["0 leaves the auxiliary gradients as they are, 1 gives them the main task's norm.", "0 保持辅助任务梯度不变，1 使其范数等于主任务。"];
        /// Of the running means.
        beta: f32 = 0.9, Real { min: 0.0, max: 0.999, step: 0.01 },
            ["Momentum β", "动量 β"],
            ["Momentum of the running means of the norms.", "范数滑动平均的动量。"];
    }
}

impl Method for MetaBalance {
    const NEEDS: Needs = Needs::Gram;
    const TOTAL: Total = Total::Sum;
    const CARD: Card = Card {
        formula: "w_main = 1,  wₜ = r · ‖g_main‖ / ‖gₜ‖ + 1 − r  (running means of the norms)",
        summary: Text::new(
            "One task is the main one; the gradients of the others are brought towards its norm.",
            "指定一个主任务，将其他任务的梯度范数向其靠拢。",
        ),
        caveat: Text::new(
            "Compares lengths and not directions: an auxiliary task with a harmful gradient counts as much as the main one.",
            "只看长度不看方向：方向错误的辅助任务会与主任务同样有力。",
        ),
        cost: Cost::BackwardPerTask,
        paper: Paper {
            authors: "He, Feng, Cheng, Ji, Guo, Caverlee",
            title: "MetaBalance: Improving Multi-Task Recommendations via Adapting Gradient Magnitudes of Auxiliary Tasks",
            year: 2022,
            arxiv: Some("2203.06801"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot::per_task("norm", Text::new("Running mean of the norm", "范数滑动平均"), 0.0),
        Slot::per_task("decay", Text::new("Power of β", "β 的幂"), 1.0),
    ];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let beta = f64::from(self.beta);
        for (i, task) in problem.tasks.iter().enumerate() {
            let norm = (problem.square(i) * problem.scale).sqrt();
            memory.slots[0][*task] = beta * memory.slots[0][*task] + (1.0 - beta) * norm;
            memory.slots[1][*task] *= beta;
        }
        // Without the bias towards the start, so that tasks may have been seen in different numbers of steps.
        let mean = |task: usize| {
            let norm = memory.slots[0].get(task).copied().unwrap_or(0.0);
            if norm > 0.0 {
                norm / (1.0 - memory.slots[1][task])
            } else {
                0.0
            }
        };
        let main = self.main_task.saturating_sub(1);
        let main_norm = mean(main);
        let relax = f64::from(self.relax);
        for (weight, task) in weights.iter_mut().zip(problem.tasks) {
            let is_other = *task != main && main_norm > 0.0 && mean(*task) > 0.0;
            *weight = if is_other {
                relax * main_norm / mean(*task) + 1.0 - relax
            } else {
                1.0
            };
        }
        None
    }
}
