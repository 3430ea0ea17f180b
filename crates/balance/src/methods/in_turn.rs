//! One task in each step, in turn: the weight of the task whose turn it is, is 1, the others' 0. A task without a label in the batch passes its turn on to the next. The oldest
//! way to train several tasks (Collobert and Weston 2008 draw them at random).

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Total};

mtl_base::settings! {
    /// In turn has no settings.
    pub struct InTurn {}
}

impl Method for InTurn {
    const NEEDS: Needs = Needs::Alternating;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "step n trains task n mod K alone",
        summary: Text::new(
            "Trains one task in each step, one after the other.",
            "每一步只训练一个任务，依次轮换。",
        ),
        caveat: Text::new(
            "Each task gets one step in K; with Adam the moments of shared parameters mix the tasks anyway.",
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

    fn weigh(
        &self,
        problem: &Problem<'_>,
        _memory: &mut Memory,
        _scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let turn = (problem.step % problem.setup.n_tasks() as u64) as usize;
        let position = problem.tasks.iter().position(|task| *task >= turn).unwrap_or(0);
        weights.fill(0.0);
        weights[position] = 1.0;
        None
    }
}
