//! A batch: rows of inputs and targets.

use mtl_base::schema::FeatureKind;
use mtl_program::plan::Plan;

/// A batch. Memory is reserved for the largest number of rows that the model takes, so that filling it never allocates.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    rows: usize,
    max_rows: usize,
    sizes: Vec<(usize, usize)>,
    target_widths: Vec<usize>,
    /// Per input slot: `rows × length` token ids, or `rows` ids; empty for a numeric slot.
    pub ids: Vec<Vec<u32>>,
    /// Per input slot: `rows × width` numbers; empty for a slot of ids.
    pub dense: Vec<Vec<f32>>,
    /// Per task: one target per row (several for several labels), NaN where it is not known.
    pub targets: Vec<Vec<f32>>,
}

impl Batch {
    /// A batch of `max_rows` rows for a plan.
    pub fn new(plan: &Plan, max_rows: usize) -> Self {
        let sizes: Vec<(usize, usize)> = plan
            .slots
            .iter()
            .map(|slot| match slot.kind {
                FeatureKind::Tokens { length, .. } => (length, 0),
                FeatureKind::Id { .. } => (1, 0),
                FeatureKind::Dense { width } => (0, width),
            })
            .collect();
        let target_widths: Vec<usize> = plan.tasks.iter().map(|task| task.kind.width()).collect();
        let mut batch = Self {
            rows: 0,
            max_rows,
            ids: sizes
                .iter()
                .map(|(per_row, _)| Vec::with_capacity(per_row * max_rows))
                .collect(),
            dense: sizes
                .iter()
                .map(|(_, per_row)| Vec::with_capacity(per_row * max_rows))
                .collect(),
            targets: target_widths
                .iter()
                .map(|width| Vec::with_capacity(width * max_rows))
                .collect(),
            sizes,
            target_widths,
        };
        batch.resize(max_rows);
        batch
    }

    /// Rows of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Sets the number of rows; new rows are padding, zeros and unknown targets. Never allocates.
    ///
    /// # Panics
    /// When `rows` is more than the model was built for.
    pub fn resize(&mut self, rows: usize) {
        assert!(
            rows <= self.max_rows,
            "a batch of {rows} rows; the model was built for {}",
            self.max_rows
        );
        self.rows = rows;
        for ((ids_per_row, dense_per_row), (ids, dense)) in
            self.sizes.iter().zip(self.ids.iter_mut().zip(&mut self.dense))
        {
            ids.resize(ids_per_row * rows, 0);
            dense.resize(dense_per_row * rows, 0.0);
        }
        for (targets, width) in self.targets.iter_mut().zip(&self.target_widths) {
            targets.resize(rows * width, f32::NAN);
        }
    }
    /// Copies the rows of another batch of the same model. Never allocates.
    ///
    /// # Panics
    /// When the other belongs to another model or has more rows than this one takes.
    pub fn copy_from(&mut self, other: &Self) {
        self.resize(other.rows);
        for (to, from) in self.ids.iter_mut().zip(&other.ids) {
            to.copy_from_slice(from);
        }
        let numbers = self.dense.iter_mut().chain(&mut self.targets);
        for (to, from) in numbers.zip(other.dense.iter().chain(&other.targets)) {
            to.copy_from_slice(from);
        }
    }
}
