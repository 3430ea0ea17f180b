//! From tasks in the order of the plan to as few dispatches as possible.
//!
//! A *task* is one kernel run on one record of constants. Two tasks depend on each other when they touch the same
//! memory and one of them writes; tasks of one level (the longest chain of dependencies before them) that run the same
//! kernel become one dispatch, whose workgroups find their record by `z`. Eight experts are one dispatch, and so are all
//! products of a level.

use std::{cmp::Reverse, ops::Range};

use super::kernels::Kernel;

/// Words of a record: dynamic offsets of uniform buffers are multiples of 256 bytes.
pub const RECORD_WORDS: usize = 64;

/// Most records of a dispatch: what a uniform binding of 16 KiB holds, which every device allows.
pub const MAX_GROUPED: usize = 64;

/// Marks what is not there, also in shaders.
pub const NOWHERE: u32 = u32::MAX;

/// The buffer that a task touches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// Values and their gradients.
    Arena,
    /// Parameters.
    Values,
    /// Gradients of parameters.
    Gradients,
}

/// Memory that a task touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub buffer: Buffer,
    /// From where to where.
    pub range: Range<usize>,
    /// Which columns, when rows are touched in part.
    pub columns: Option<Range<usize>>,
}

impl Place {
    fn meets(&self, other: &Self) -> bool {
        if self.buffer != other.buffer
            || self.range.start >= other.range.end
            || other.range.start >= self.range.end
        {
            return false;
        }
        match (&self.columns, &other.columns) {
            (Some(a), Some(b)) if self.range == other.range => a.start < b.end && b.start < a.end,
            _ => true,
        }
    }
}

/// A record under construction.
#[derive(Clone, Debug)]
pub struct Record(pub [u32; RECORD_WORDS]);

impl Record {
    /// The words in the order of the shader's struct; the rest is 0.
    pub fn new(words: &[u32]) -> Self {
        let mut record = [0; RECORD_WORDS];
        record[..words.len()].copy_from_slice(words);
        Self(record)
    }
}

/// One kernel on one record.
#[derive(Clone, Debug)]
pub struct Task {
    /// What runs.
    pub kernel: Kernel,
    /// With which constants.
    pub record: Record,
    /// Workgroups.
    pub groups: [u32; 2],
    /// What it reads.
    pub reads: Vec<Place>,
    /// What it writes.
    pub writes: Vec<Place>,
}

impl Task {
    fn depends_on(&self, earlier: &Self) -> bool {
        let meet = |a: &[Place], b: &[Place]| a.iter().any(|a| b.iter().any(|b| a.meets(b)));
        meet(&self.reads, &earlier.writes)
            || meet(&self.writes, &earlier.writes)
            || meet(&self.writes, &earlier.reads)
    }

    fn n_groups(&self) -> u64 {
        u64::from(self.groups[0]) * u64::from(self.groups[1])
    }
}

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
        records.extend_from_slice(&task.record.0);
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
    use crate::gpu::kernels::File;

    fn task(entry: &'static str, reads: &[(usize, usize)], writes: &[(usize, usize)]) -> Task {
        let places = |ranges: &[(usize, usize)]| {
            ranges
                .iter()
                .map(|range| Place {
                    buffer: Buffer::Arena,
                    range: range.0..range.1,
                    columns: None,
                })
                .collect()
        };
        Task {
            kernel: Kernel::new(File::Sum, entry),
            record: Record::new(&[reads.len() as u32]),
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
