//! Ranges of the flat buffers that a step updates.
//!
//! Usually one range per trained parameter. When the rows of an embedding are updated *lazily*, its ranges are
//! the rows that the batch has looked up: clipping and the optimizer then read and write these alone, and what a
//! step costs does not depend on the size of the vocabulary.
//!
//! ```
//! use mtl_program::parts::Parts;
//! let mut parts = Parts::default();
//! parts.push_whole(0..4);
//! // Rows 1, 2 and 5 of a table with rows of 10 numbers that starts at 4; consecutive rows form one range.
//! parts.push_rows(4, 10, &[1, 2, 5]);
//! assert_eq!(parts.ranges(), [0..4, 14..34, 54..64]);
//! assert_eq!(parts.parameters().count(), 2);
//! assert_eq!(parts.len(), 34);
//! ```

use std::ops::Range;

/// Ranges, grouped by parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    ranges: Vec<Range<usize>>,
    /// Per parameter, how many ranges there are up to its end.
    ends: Vec<usize>,
}

impl Parts {
    /// Reserves capacity for as many ranges, so that [`Parts::push_rows`] does not allocate.
    pub fn reserve(&mut self, n_ranges: usize, n_parameters: usize) {
        self.ranges.reserve(n_ranges);
        self.ends.reserve(n_parameters);
    }

    /// Removes all ranges and keeps the capacity.
    pub fn clear(&mut self) {
        self.ranges.clear();
        self.ends.clear();
    }

    /// Adds a parameter as a whole.
    pub fn push_whole(&mut self, range: Range<usize>) {
        self.ranges.push(range);
        self.ends.push(self.ranges.len());
    }

    /// Adds rows of a table that starts at `table_start` and has rows of `row_width`; `rows` rise.
    pub fn push_rows(&mut self, table_start: usize, row_width: usize, rows: &[u32]) {
        debug_assert!(rows.is_sorted_by(|a, b| a < b), "rows must be sorted and unique");
        for run in rows.chunk_by(|a, b| *b == a + 1) {
            let start = table_start + run[0] as usize * row_width;
            self.ranges.push(start..start + run.len() * row_width);
        }
        self.ends.push(self.ranges.len());
    }

    /// All ranges.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// The ranges of each parameter.
    pub fn parameters(&self) -> impl Iterator<Item = &[Range<usize>]> + Clone {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        starts
            .zip(&self.ends)
            .map(|(start, end)| &self.ranges[start..*end])
    }

    /// Total number of elements.
    pub fn len(&self) -> usize {
        self.ranges.iter().map(Range::len).sum()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl FromIterator<Range<usize>> for Parts {
    /// Whole parameters.
    fn from_iter<I: IntoIterator<Item = Range<usize>>>(parameters: I) -> Self {
        let mut parts = Self::default();
        for range in parameters {
            parts.push_whole(range);
        }
        parts
    }
}
