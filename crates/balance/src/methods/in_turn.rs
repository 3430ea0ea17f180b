//! One task in each step, in turn: the weight of the task whose turn it is, is 1, the others' 0. A task without a
//! label in the batch is passed over. The oldest way to train several tasks (Collobert and Weston 2008 draw them at
//! random).

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Slot, Total};

mtl_base::settings! {
    /// In turn has no settings.
    pub struct InTurn {}
}

impl Method for InTurn {
    const NEEDS: Needs = Needs::Alternating;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "each step trains one task alone: 1, 2, …, K, 1, 2, …",
        summary: Text::new(
            "Trains one task per step, each in turn.",
            "每一步只训练一个任务，依次轮换。",
        ),
        caveat: Text::new(
            "Each task gets one step in K; with Adam, the moments of shared parameters still mix the tasks.",
            "每个任务只占 1/K 的步数；使用 Adam 时共享参数的动量仍会混合各任务。",
        ),
        cost: Cost::OneBackward,
        paper: Paper {
            authors: "Collobert, Weston",
            title: "A Unified Architecture for Natural Language Processing: Deep Neural Networks with Multitask Learning",
            year: 2008,
            arxiv: None,
        },
    };

    const SLOTS: &'static [Slot] = &[Slot::scalar("next", Text::new("Next task", "下一个任务"), 0.0)];

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let next = &mut memory.slots[0][0];
        let is_due = |task: &usize| *task as f64 >= *next;
        let position = problem.tasks.iter().position(is_due).unwrap_or(0);
        *next = problem.tasks[position] as f64 + 1.0;
        weights.fill(0.0);
        weights[position] = 1.0;
        None
    }
}
