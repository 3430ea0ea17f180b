//! `y_t = E[id_t]`.

use ndarray::{Array2, Array3, s};

use super::EmbeddingLookup;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl EmbeddingLookup {
    /// The row of E that each id names, `rows × steps`; an id beyond E names its last row.
    fn named_rows(&self, arrays: &Arrays) -> Array2<usize> {
        arrays
            .ids(self.slot, self.steps)
            .mapv(|id| id.min(self.cardinality - 1))
    }
}

impl ReferenceOperation for EmbeddingLookup {
    fn forward(&self, arrays: &mut Arrays) {
        let table = arrays.parameter(self.table, [self.cardinality, self.width]);
        let mut y = Array3::zeros([arrays.rows(), self.steps, self.width]);
        for ((row, step), named) in self.named_rows(arrays).indexed_iter() {
            y.slice_mut(s![row, step, ..]).assign(&table.row(*named));
        }
        arrays.write(self.y, y);
    }

    /// `dE[id_t] += dy_t`.
    fn backward(&self, arrays: &mut Arrays) {
        let dy = arrays.gradient(self.y, [self.steps, self.width]);
        let mut gradient = Array2::zeros([self.cardinality, self.width]);
        for ((row, step), named) in self.named_rows(arrays).indexed_iter() {
            let mut of_row = gradient.row_mut(*named);
            of_row += &dy.slice(s![row, step, ..]);
            arrays.touch(self.table, *named);
        }
        arrays.add_parameter_gradient(self.table, gradient);
    }
}
