//! Tasks: one kernel run on one record, and the memory that it touches.

use std::ops::Range;

use super::{Address, Kernel, RECORD_WORDS};

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
    /// The buffer.
    pub buffer: Buffer,
    /// From where to where.
    pub range: Range<usize>,
    /// Which columns, when rows are touched in part.
    pub columns: Option<Range<usize>>,
}

impl Place {
    /// A whole range of a buffer.
    pub const fn new(buffer: Buffer, range: Range<usize>) -> Self {
        Self {
            buffer,
            range,
            columns: None,
        }
    }

    /// Where it starts.
    pub fn at(&self) -> Address {
        Address(self.range.start as u32)
    }

    /// Numbers in it.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Whether two places overlap.
    pub fn meets(&self, other: &Self) -> bool {
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

/// One kernel on one record.
#[derive(Clone, Debug)]
pub struct Task {
    /// What runs.
    pub kernel: Kernel,
    /// With which constants.
    pub record: [u32; RECORD_WORDS],
    /// Workgroups.
    pub groups: [u32; 2],
    /// What it reads.
    pub reads: Vec<Place>,
    /// What it writes.
    pub writes: Vec<Place>,
}

impl Task {
    /// Whether it must wait for a task that comes before it.
    pub fn depends_on(&self, earlier: &Self) -> bool {
        let meet = |a: &[Place], b: &[Place]| a.iter().any(|a| b.iter().any(|b| a.meets(b)));
        meet(&self.reads, &earlier.writes)
            || meet(&self.writes, &earlier.writes)
            || meet(&self.writes, &earlier.reads)
    }

    /// Workgroups in all.
    pub fn n_groups(&self) -> u64 {
        u64::from(self.groups[0]) * u64::from(self.groups[1])
    }
}
