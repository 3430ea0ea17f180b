//! The order in which recurrent ops read the rows of a batch.

/// The order in which a recurrent op processes a batch: rows by decreasing length, so that the rows that have not ended at
/// a step come first, and padding costs nothing.
#[derive(Clone, Debug, Default)]
pub struct RowOrder {
    /// Row of the batch at each position.
    pub rows: Vec<u32>,
    /// Steps of the row at each position, up to the last that is not masked.
    pub lengths: Vec<u32>,
    /// Start of each step's block among the packed rows; one more than there are steps.
    pub starts: Vec<usize>,
    /// Whether a step before the end of some row is masked.
    pub has_holes: bool,
    counts: Vec<u32>,
}

impl RowOrder {
    pub(crate) fn new(max_rows: usize, length: usize) -> Self {
        Self {
            rows: vec![0; max_rows],
            lengths: vec![0; max_rows],
            starts: Vec::with_capacity(length + 1),
            has_holes: false,
            counts: vec![0; length + 2],
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        8 * self.rows.len() + 12 * self.counts.len()
    }

    /// Sorts the rows of a batch by the mask (`rows × length`), longest first, stably.
    pub fn sort(&mut self, mask: Option<&[f32]>, n_rows: usize, length: usize) {
        self.has_holes = false;
        self.counts.fill(0);
        let row_length = |row: usize| match mask {
            None => length,
            Some(mask) => {
                let steps = &mask[row * length..(row + 1) * length];
                steps
                    .iter()
                    .rposition(|step| *step != 0.0)
                    .map_or(0, |last| last + 1)
            }
        };
        for row in 0..n_rows {
            let n_steps = row_length(row);
            // A counting sort over length - n_steps, so that the longest come first.
            self.counts[length - n_steps + 1] += 1;
            if let Some(mask) = mask {
                self.has_holes |= mask[row * length..row * length + n_steps].contains(&0.0);
            }
        }
        for bucket in 1..self.counts.len() {
            self.counts[bucket] += self.counts[bucket - 1];
        }
        for row in 0..n_rows {
            let n_steps = row_length(row);
            let position = self.counts[length - n_steps] as usize;
            self.counts[length - n_steps] += 1;
            self.rows[position] = row as u32;
            self.lengths[position] = n_steps as u32;
        }
        self.starts.clear();
        self.starts.push(0);
        let mut active = n_rows;
        for step in 0..length {
            while active > 0 && self.lengths[active - 1] as usize <= step {
                active -= 1;
            }
            if active == 0 {
                break;
            }
            self.starts.push(self.starts[step] + active);
        }
    }

    /// Steps of the longest row.
    pub fn n_steps(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// Total number of packed rows.
    pub fn n_packed(&self) -> usize {
        self.starts.last().copied().unwrap_or(0)
    }
}
