//! What changes from step to step: a record of 256 words, and lists beside it.
//!
//! | words | what |
//! |---|---|
//! | 0 | rows |
//! | 1 | 1 while training |
//! | 2 | where the step's lists start in the buffer of lists |
//! | 3 | place in the history of losses |
//! | 4 – 11 | constants of the optimizer |
//! | 16 + 2t | weight of task t's loss over its labelled rows; then 1 over them |
//! | after the tasks | two words per random op: the key of its draws |
//! | then | where the column of each input slot, then of each task's targets, starts in the data |
//!
//! The lists are the rows of the batch, and for each embedding lookup which places look up which row: built here by a
//! stable radix sort, so that a shader can add up gradients row by row, in the order of the batch and without atomics.

use super::GpuError;
use crate::optimizers::StepConstants;

/// Words of a step.
pub const STEP_WORDS: usize = 256;

const CONSTANTS: usize = 4;
const TASKS: usize = 16;

/// Where things are among the words of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    n_tasks: usize,
    n_slots: usize,
    keys: usize,
}

impl Words {
    /// The places for so many tasks, input slots and random ops.
    pub fn new(n_tasks: usize, n_slots: usize, n_keys: usize) -> Result<Self, GpuError> {
        let words = Self {
            n_tasks,
            n_slots,
            keys: n_keys,
        };
        let needed = words.targets(words.n_tasks) as usize;
        if needed > STEP_WORDS {
            return Err(GpuError::StepWords {
                needed,
                limit: STEP_WORDS,
            });
        }
        Ok(words)
    }

    /// The key of a random op.
    pub fn key(&self, index: usize) -> u32 {
        (TASKS + 2 * self.n_tasks + 2 * index) as u32
    }

    /// The column of a slot.
    pub fn slot(&self, slot: usize) -> u32 {
        self.key(self.keys) + slot as u32
    }

    /// The column of a task's targets.
    pub fn targets(&self, task: usize) -> u32 {
        self.slot(self.n_slots) + task as u32
    }
}

/// Writes a task's weight and number of labelled rows.
pub fn write_task(words: &mut [u32], task: usize, weight: f32, n_labelled: usize) {
    let n = n_labelled as f32;
    let (factor, share) = if n_labelled == 0 {
        (0.0, 0.0)
    } else {
        (weight / n, 1.0 / n)
    };
    words[TASKS + 2 * task] = f32::to_bits(factor);
    words[TASKS + 2 * task + 1] = f32::to_bits(share);
}

/// Writes the constants of an optimizer's step, in the order in which `optimizer.wgsl` reads them.
pub fn write_constants(words: &mut [u32], constants: &StepConstants) {
    let list = match constants {
        StepConstants::Sgd(c) => [c.learning_rate, c.momentum, 0.0, 0.0, 0.0, 0.0],
        StepConstants::Adagrad(c) => [c.learning_rate, c.epsilon, 0.0, 0.0, 0.0, 0.0],
        StepConstants::Adam(c) => [
            c.alpha,
            c.one_minus_beta_1,
            c.one_minus_beta_2,
            c.epsilon,
            0.0,
            0.0,
        ],
        StepConstants::AdamW(c) => [
            c.adam.alpha,
            c.adam.one_minus_beta_1,
            c.adam.one_minus_beta_2,
            c.adam.epsilon,
            c.weight_decay,
            c.learning_rate,
        ],
    };
    for (word, constant) in words[CONSTANTS..].iter_mut().zip(list) {
        *word = constant.to_bits();
    }
}

/// An embedding lookup whose gradient is scattered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The input slot.
    pub slot: usize,
    /// Ids per row.
    pub steps: usize,
    /// Rows of the table.
    pub cardinality: usize,
    /// Where its lists start among those of the step.
    pub list: usize,
    /// Most places: rows of the batch times steps.
    pub capacity: usize,
}

impl Lookup {
    /// Words of the lists of a lookup with this many places.
    pub const fn len(capacity: usize) -> usize {
        3 * capacity + 2
    }
}

/// Working space of the sort.
#[derive(Clone, Debug, Default)]
pub struct Inverter {
    keys: Vec<u32>,
    places: Vec<u32>,
    other_keys: Vec<u32>,
    other_places: Vec<u32>,
}

const RADIX_BITS: u32 = 11;
const N_BUCKETS: usize = 1 << RADIX_BITS;

impl Inverter {
    /// Room for this many places.
    pub fn new(capacity: usize) -> Self {
        let room = || Vec::with_capacity(capacity);
        Self {
            keys: room(),
            places: room(),
            other_keys: room(),
            other_places: room(),
        }
    }

    /// Writes `[number of rows | rows | starts, and the end | places]` for the ids of a batch to `list`.
    pub fn invert(&mut self, ids: impl Iterator<Item = u32>, lookup: &Lookup, list: &mut [u32]) {
        let last = (lookup.cardinality - 1) as u32;
        self.keys.clear();
        self.keys.extend(ids.map(|id| id.min(last)));
        let n = self.keys.len();
        self.places.clear();
        self.places.extend(0..n as u32);
        self.other_keys.resize(n, 0);
        self.other_places.resize(n, 0);
        let mut shift = 0;
        while shift < 32 && (last >> shift) > 0 {
            let bucket = |key: u32| (key >> shift) as usize & (N_BUCKETS - 1);
            let mut starts = [0_u32; N_BUCKETS];
            for key in &self.keys {
                starts[bucket(*key)] += 1;
            }
            let mut sum = 0;
            for start in &mut starts {
                sum += std::mem::replace(start, sum);
            }
            for (key, place) in self.keys.iter().zip(&self.places) {
                let target = &mut starts[bucket(*key)];
                self.other_keys[*target as usize] = *key;
                self.other_places[*target as usize] = *place;
                *target += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.other_keys);
            std::mem::swap(&mut self.places, &mut self.other_places);
            shift += RADIX_BITS;
        }
        let (count, rest) = list.split_at_mut(1);
        let (rows, rest) = rest.split_at_mut(lookup.capacity);
        let (starts, places) = rest.split_at_mut(lookup.capacity + 1);
        let mut n_rows = 0;
        for (place, key) in self.keys.iter().enumerate() {
            if place == 0 || self.keys[place - 1] != *key {
                rows[n_rows] = *key;
                starts[n_rows] = place as u32;
                n_rows += 1;
            }
        }
        starts[n_rows] = n as u32;
        count[0] = n_rows as u32;
        places[..n].copy_from_slice(&self.places);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_by_row_in_the_order_of_the_batch() {
        let ids = [70_000, 3, 0, 3, 5_000_000, 70_000, 0, 0];
        let lookup = Lookup {
            slot: 0,
            steps: 1,
            cardinality: 100_000,
            list: 0,
            capacity: 9,
        };
        let mut list = vec![7; Lookup::len(9)];
        Inverter::new(9).invert(ids.into_iter(), &lookup, &mut list);
        assert_eq!(list[0], 4);
        assert_eq!(list[1..5], [0, 3, 70_000, 99_999]);
        assert_eq!(list[10..15], [0, 3, 5, 7, 8]);
        assert_eq!(list[20..28], [2, 6, 7, 1, 3, 0, 5, 4]);
    }
}
