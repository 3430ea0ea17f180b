//! Selective task-group updates (Jeong and Yoon 2025): tasks that help each other train together, the groups in turn.
//!
//! A step trains one group, `Σ Lₜ` over its tasks. After it the losses over the same rows are computed again, and the
//! *proximal affinity* of each task `s` of the group `M` to every task `t` is `a = (1 - Lₜ(after) / Lₜ(before)) /
//! |M|`; within the group, where `s` and `t` moved in opposite directions, it is minus the larger of theirs, and a
//! task's affinity to itself is only learnt where it is positive. Affinities are running means. When every group has
//! had its step, tasks are grouped anew: affinities are divided by the target's to itself, made symmetric, and
//! clustered by affinity propagation (see [`affinity`]); the groups' order is drawn. Until
//! the warm-up has ended every task is its own group.
//!
//! The authors train all groups on each batch; here a step is one update, and the groups of a round see different
//! batches. Their code books a change to the group after the one whose update made it; here it belongs to the group
//! that was updated, as in the paper.

use mtl_base::text::Text;

use super::Method;
use crate::card::{Card, Cost, Paper};
use crate::problem::{Memory, Needs, Problem, Scratch, Setup, Shape, Slot, Total, stream};
use crate::solve::affinity;

mtl_base::settings! {
    /// Settings of selective updates.
    pub struct Selective {
        /// Of the affinities.
        decay: f32 = 0.001, Real { min: 0.0001, max: 1.0, step: 0.001 },
            ["Affinity rate", "亲和度更新率"],
            ["How fast affinities follow the measurement of the last step.", "亲和度跟随最近一步观测的速度。"];
        /// Steps before the first grouping.
        warm_up_steps: usize = 100, Int { min: 0, max: 100_000, step: 10 },
            ["Warm-up steps", "预热步数"],
            ["Number of steps in which every task is a group of its own.", "每个任务单独成组的步数。"];
    }
}

const AFFINITY: usize = 0;
const GROUP: usize = 1;
/// How many groups of this round have had their step, the number of the round, and the group of the last step.
const POSITION: usize = 2;
const ROUND: usize = 3;
const ACTIVE: usize = 4;

impl Method for Selective {
    const NEEDS: Needs = Needs::Alternating;
    const TOTAL: Total = Total::Own;
    const CARD: Card = Card {
        formula: "a(s→t) = 1 − Lₜ(after) / Lₜ(before) for a step on s;  cluster a;  one group in each step",
        summary: Text::new(
            "Measures how a step on one task changes the losses of the others, and trains tasks that help each other together.",
            "测量训练一个任务对其他任务损失的影响，让互相促进的任务一起训练。",
        ),
        caveat: Text::new(
            "The effect of one step on a loss is mostly noise unless batches are large or overlap; each group gets only part of the steps.",
            "除非批量大或样本重叠，单步对损失的影响以噪声为主；每组只占部分步数。",
        ),
        cost: Cost::OneBackwardTwoForward,
        paper: Paper {
            authors: "Jeong, Yoon",
            title: "Selective Task Group Updates for Multi-Task Optimization",
            year: 2025,
            arxiv: Some("2502.11986"),
        },
    };
    const SLOTS: &'static [Slot] = &[
        Slot {
            key: "affinity",
            label: Text::new("Affinity of row to column", "行对列的亲和度"),
            shape: Shape::PerPair,
            start: 0.0,
        },
        Slot::per_task("group", Text::new("Group", "分组"), 0.0),
        Slot::scalar(
            "position",
            Text::new("Groups trained in this round", "本轮已训练的组数"),
            0.0,
        ),
        Slot::scalar("round", Text::new("Round", "轮次"), 0.0),
        Slot::scalar("active", Text::new("Group of the last step", "上一步的组"), 0.0),
    ];
    const LOSSES_AFTER: bool = true;

    fn start(&self, _setup: &Setup, memory: &mut Memory) {
        for (task, group) in memory.slots[GROUP].iter_mut().enumerate() {
            *group = task as f64;
        }
    }

    fn weigh(
        &self,
        problem: &Problem<'_>,
        memory: &mut Memory,
        scratch: &mut Scratch,
        weights: &mut [f64],
    ) -> Option<f64> {
        let n_tasks = problem.setup.n_tasks();
        weights.fill(0.0);
        // Groups without a label in the batch are passed over; twice round meets every group of a new round.
        for _ in 0..2 * n_tasks {
            if memory.slots[POSITION][0] == 0.0 && problem.step >= self.warm_up_steps as u64 {
                regroup(memory, scratch, n_tasks);
            }
            let n_groups = memory.slots[GROUP]
                .iter()
                .fold(0.0_f64, |last, group| last.max(*group)) as usize
                + 1;
            let order = &mut scratch.order;
            order.clear();
            order.extend(0..n_groups);
            let round = memory.slots[ROUND][0];
            stream(problem.setup.seed, round as u64).shuffle(order);
            let position = (memory.slots[POSITION][0] as usize).min(n_groups - 1);
            let active = order[position] as f64;
            let is_last = position + 1 == n_groups;
            memory.slots[POSITION][0] = if is_last { 0.0 } else { position as f64 + 1.0 };
            memory.slots[ROUND][0] = if is_last { round + 1.0 } else { round };
            memory.slots[ACTIVE][0] = active;
            let mut has_member = false;
            for (weight, task) in weights.iter_mut().zip(problem.tasks) {
                if memory.slots[GROUP][*task] == active {
                    *weight = 1.0;
                    has_member = true;
                }
            }
            if has_member {
                break;
            }
        }
        None
    }

    fn after_step(
        &self,
        problem: &Problem<'_>,
        losses_after: &[f64],
        memory: &mut Memory,
        scratch: &mut Scratch,
    ) {
        let n_tasks = problem.setup.n_tasks();
        let active = memory.slots[ACTIVE][0];
        let group = &memory.slots[GROUP];
        let n_members = problem
            .tasks
            .iter()
            .filter(|task| group[**task] == active)
            .count();
        let gains = &mut scratch.vectors[0];
        for (i, (before, after)) in problem.losses.iter().zip(losses_after).enumerate() {
            gains[i] = if *before > 0.0 {
                (1.0 - after / before) / n_members.max(1) as f64
            } else {
                0.0
            };
        }
        let rate = f64::from(self.decay).clamp(0.0, 1.0);
        let [affinities, groups, ..] = &mut memory.slots[..] else {
            return;
        };
        for (i, source) in problem.tasks.iter().enumerate() {
            if groups[*source] != active {
                continue;
            }
            for (j, target) in problem.tasks.iter().enumerate() {
                let learned = if i == j && gains[j] < 0.0 {
                    continue;
                } else if groups[*target] == active && gains[i] * gains[j] < 0.0 {
                    -gains[i].max(gains[j])
                } else {
                    gains[j]
                };
                let affinity = &mut affinities[source * n_tasks + target];
                *affinity = (1.0 - rate) * *affinity + rate * learned;
            }
        }
    }
}

/// Groups the tasks by their affinities; while a task's to itself is not known to be positive, groups stay as they are.
fn regroup(memory: &mut Memory, scratch: &mut Scratch, n: usize) {
    let affinities = &memory.slots[AFFINITY];
    if (0..n).any(|task| affinities[task * n + task] <= 0.0) {
        return;
    }
    let [similarity, availability, responsibility, sums] = &mut scratch.matrices;
    let relative =
        |source: usize, target: usize| affinities[source * n + target] / affinities[target * n + target];
    for i in 0..n {
        for j in 0..n {
            similarity[i * n + j] = 0.5 * (relative(i, j) + relative(j, i));
        }
    }
    let [sorted_part, runs, ..] = &mut scratch.vectors;
    let work = affinity::Workspace {
        availability,
        responsibility,
        sums,
        runs,
        values: sorted_part,
        flags: &mut scratch.flags,
    };
    affinity::cluster(&mut similarity[..n * n], n, work, &mut memory.slots[GROUP]);
}
