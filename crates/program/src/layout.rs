//! Memory layout: the offsets of values and gradients in the arena.
//!
//! Each occupies `[offset, offset + per_row * rows + fixed)`. Its lifetime is an interval of the timeline "forward of op
//! 0, 1, …, n-1, backward of op n-1, …, 0"; values whose lifetimes do not overlap may share memory (first fit, largest first).
//! While training, activations live to the end, because the backward pass may run several times after one forward pass.

use crate::{
    ids::ValueId,
    specs::{Lifetime, ValueSpec},
};

/// Offsets are multiples of this, so that rows of vectors start on cache lines.
const ALIGNMENT: usize = 16;

/// Offset of a value that has no memory.
const NOWHERE: usize = usize::MAX;

/// Offsets in the arena for batches of at most `max_rows` rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    specs: Vec<ValueSpec>,
    value_offsets: Vec<usize>,
    gradient_offsets: Vec<usize>,
    /// Length of the arena.
    pub len: usize,
    /// Largest number of rows.
    pub max_rows: usize,
    /// Whether gradients have memory.
    pub training: bool,
}

struct Item {
    size: usize,
    start: usize,
    end: usize,
    index: usize,
    gradient: bool,
}

impl Layout {
    /// Plans the arena for `values`: `inputs` are written before the first op, `uses` are the values that each op touches,
    /// op by op in the order of the program.
    pub fn new(
        values: &[ValueSpec],
        inputs: impl IntoIterator<Item = ValueId>,
        uses: &[Vec<ValueId>],
        max_rows: usize,
        training: bool,
    ) -> Self {
        let last = 2 * uses.len();
        let n_values = values.len();
        let mut first_write = vec![usize::MAX; n_values];
        let mut last_use = vec![0; n_values];
        for value in inputs {
            first_write[value.0] = 0;
        }
        for (index, used) in uses.iter().enumerate() {
            for value in used {
                first_write[value.0] = first_write[value.0].min(index);
                last_use[value.0] = last_use[value.0].max(index);
            }
        }
        let mut items = Vec::new();
        for (index, spec) in values.iter().enumerate() {
            let size = spec.per_row.saturating_mul(max_rows).saturating_add(spec.fixed);
            if size == 0 || first_write[index] == usize::MAX {
                continue;
            }
            let (start, end) = (first_write[index], last_use[index]);
            let backward = |op: usize| last - 1 - op;
            let interval = match spec.lifetime {
                Lifetime::Scratch => Some((start, end)),
                Lifetime::BackwardScratch => training.then(|| (backward(end), backward(start))),
                Lifetime::Saved | Lifetime::Activation if !training => Some((start, end)),
                Lifetime::Saved | Lifetime::Activation | Lifetime::Output => Some((start, last)),
            };
            if let Some((start, end)) = interval {
                items.push(Item {
                    size,
                    start,
                    end,
                    index,
                    gradient: false,
                });
            }
            if training
                && spec.differentiable
                && matches!(spec.lifetime, Lifetime::Activation | Lifetime::Output)
            {
                let end = if spec.keeps_gradient {
                    last
                } else {
                    backward(first_write[index])
                };
                items.push(Item {
                    size,
                    start: backward(last_use[index]),
                    end,
                    index,
                    gradient: true,
                });
            }
        }
        // Largest first, the usual heuristic against fragmentation. Ties are broken by position, which makes it deterministic.
        items.sort_by_key(|item| (std::cmp::Reverse(item.size), item.gradient, item.index));
        let mut layout = Self {
            specs: values.to_vec(),
            value_offsets: vec![NOWHERE; n_values],
            gradient_offsets: vec![NOWHERE; n_values],
            len: 0,
            max_rows,
            training,
        };
        // Sorted by offset.
        let mut placed: Vec<(usize, usize, usize, usize)> = Vec::new();
        for item in items {
            let meeting = placed
                .iter()
                .filter(|(_, _, start, end)| *start <= item.end && item.start <= *end);
            let mut offset = 0_usize;
            for (from, to, ..) in meeting {
                if offset.saturating_add(item.size) <= *from {
                    break;
                }
                offset = offset.max(*to).next_multiple_of(ALIGNMENT);
            }
            let end = offset.saturating_add(item.size);
            let place = (offset, end, item.start, item.end);
            placed.insert(placed.partition_point(|other| *other < place), place);
            layout.len = layout.len.max(end);
            let offsets = if item.gradient {
                &mut layout.gradient_offsets
            } else {
                &mut layout.value_offsets
            };
            offsets[item.index] = offset;
        }
        layout
    }

    /// Range of a value in the arena for a batch of `rows`.
    pub fn value(&self, value: ValueId, rows: usize) -> std::ops::Range<usize> {
        self.range(&self.value_offsets, value, rows)
    }

    /// Range of a value's gradient in the arena for a batch of `rows`.
    pub fn gradient(&self, value: ValueId, rows: usize) -> std::ops::Range<usize> {
        self.range(&self.gradient_offsets, value, rows)
    }

    fn range(&self, offsets: &[usize], value: ValueId, rows: usize) -> std::ops::Range<usize> {
        let spec = self.specs[value.0];
        let size = spec.per_row * rows + spec.fixed;
        match offsets[value.0] {
            NOWHERE => 0..0,
            offset => offset..offset + size,
        }
    }

    /// Whether the gradient of a value has memory.
    pub fn has_gradient(&self, value: ValueId) -> bool {
        self.gradient_offsets[value.0] != NOWHERE
    }
}
