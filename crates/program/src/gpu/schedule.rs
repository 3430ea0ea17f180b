//! From tasks in the order of the plan to as few dispatches as possible.
//!
//! A *task* is one kernel run on one record of constants. Two tasks depend on each other when they touch the same
//! memory and one of them writes; tasks of one level (the longest chain of dependencies before them) that run the same
//! kernel become one dispatch, whose workgroups find their record by `z`. Eight experts are one dispatch, and so are all
//! products of a level.

use std::cmp::Reverse;

use crate::operation::gpu::{Kernel, RECORD_WORDS, Task};

/// Most records of a dispatch: what a uniform binding of 16 KiB holds, which every device allows.
pub const MAX_GROUPED: usize = 64;

/// One kernel on neighbouring records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// What runs.
    pub kernel: Kernel,
    /// The first record.
    pub record: usize,
    /// Workgroups; the last is the number of records.
    pub groups: [u32; 3],
}

/// Orders tasks and appends their records to `records`.
pub fn schedule(tasks: &[Task], records: &mut Vec<u32>) -> Vec<Dispatch> {
    let mut levels = vec![0_usize; tasks.len()];
    for (index, task) in tasks.iter().enumerate() {
        for (before, earlier) in tasks[..index].iter().enumerate() {
            if levels[before] >= levels[index] && task.depends_on(earlier) {
                levels[index] = levels[before] + 1;
            }
        }
    }
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.sort_by_key(|index| {
        let task = &tasks[*index];
        (levels[*index], task.kernel, Reverse(task.n_groups()), *index)
    });
    let mut dispatches: Vec<Dispatch> = Vec::new();
    let (mut level, mut used) = (usize::MAX, 0_u64);
    for index in order {
        let task = &tasks[index];
        let record = records.len() / RECORD_WORDS;
        records.extend_from_slice(&task.record);
        let joined = dispatches.last_mut().filter(|last| {
            let groups = [0, 1].map(|axis| last.groups[axis].max(task.groups[axis]));
            let launched = u64::from(groups[0]) * u64::from(groups[1]) * u64::from(last.groups[2] + 1);
            // Workgroups without work cost something too.
            last.kernel == task.kernel
                && level == levels[index]
                && (last.groups[2] as usize) < MAX_GROUPED
                && launched <= 2 * (used + task.n_groups()) + 64
        });
        match joined {
            Some(last) => {
                last.groups = [
                    last.groups[0].max(task.groups[0]),
                    last.groups[1].max(task.groups[1]),
                    last.groups[2] + 1,
                ];
                used += task.n_groups();
            }
            None => {
                dispatches.push(Dispatch {
                    kernel: task.kernel,
                    record,
                    groups: [task.groups[0], task.groups[1], 1],
                });
                level = levels[index];
                used = task.n_groups();
            }
        }
    }
    dispatches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        gpu::program::INPUT,
        operation::gpu::{Buffer, Place},
    };

    fn task(entry: &'static str, reads: &[(usize, usize)], writes: &[(usize, usize)]) -> Task {
        let places = |ranges: &[(usize, usize)]| {
            let place = |range: &(usize, usize)| Place::new(Buffer::Arena, range.0..range.1);
            ranges.iter().map(place).collect()
        };
        Task {
            kernel: Kernel::new(&INPUT, entry),
            record: [0; RECORD_WORDS],
            groups: [1, 1],
            reads: places(reads),
            writes: places(writes),
        }
    }

    #[test]
    fn independent_tasks_share_a_dispatch_and_dependent_ones_wait() {
        let tasks = [
            task("a", &[], &[(0, 4)]),
            task("b", &[(0, 4)], &[(4, 8)]),
            task("a", &[], &[(8, 12)]),
            task("b", &[(8, 12)], &[(12, 16)]),
            task("a", &[(4, 8), (12, 16)], &[(0, 4)]),
        ];
        let mut records = Vec::new();
        let dispatches = schedule(&tasks, &mut records);
        let shape: Vec<_> = dispatches
            .iter()
            .map(|d| (d.kernel.entry, d.record, d.groups[2]))
            .collect();
        assert_eq!(shape, [("a", 0, 2), ("b", 2, 2), ("a", 4, 1)]);
        assert_eq!(records.len(), 5 * RECORD_WORDS);
    }

    #[test]
    fn columns_of_one_value_do_not_wait_for_each_other() {
        let mut tasks = [task("a", &[], &[(0, 8)]), task("a", &[], &[(0, 8)])];
        assert_eq!(schedule(&tasks, &mut Vec::new()).len(), 2);
        tasks[0].writes[0].columns = Some(0..1);
        tasks[1].writes[0].columns = Some(1..2);
        assert_eq!(schedule(&tasks, &mut Vec::new()).len(), 1);
        tasks[1].writes[0].columns = Some(0..2);
        assert_eq!(schedule(&tasks, &mut Vec::new()).len(), 2);
    }
}
