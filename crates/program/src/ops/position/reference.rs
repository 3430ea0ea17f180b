//! `y_t = x_t + P_t`.

use ndarray::Axis;

use super::AddPosition;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for AddPosition {
    fn forward(&self, arrays: &mut Arrays) {
        let size = arrays.per_row(self.x);
        arrays.write(
            self.y,
            arrays.value(self.x, size) + arrays.parameter(self.table, size),
        );
    }

    /// `dx = dy`, `dP = Σ dy` over the rows.
    fn backward(&self, arrays: &mut Arrays) {
        let dy = arrays.gradient(self.y, arrays.per_row(self.x));
        arrays.add_parameter_gradient(self.table, dy.sum_axis(Axis(0)));
        arrays.add_gradient(self.x, dy);
    }
}
