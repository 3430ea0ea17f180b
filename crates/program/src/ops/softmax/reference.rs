//! `y_i = e^x_i / Σ_j e^x_j` over each row.

use ndarray::{Array1, Array2};

use super::Softmax;
use crate::operation::reference::{Arrays, ReferenceOperation, softmax, softmax_gradient};

impl ReferenceOperation for Softmax {
    fn forward(&self, arrays: &mut Arrays) {
        let (x, all) = (arrays.value(self.x, self.width), Array1::ones(self.width));
        let mut y = Array2::zeros(x.raw_dim());
        for (mut y, x) in y.rows_mut().into_iter().zip(x.rows()) {
            y.assign(&softmax(x, all.view()));
        }
        arrays.write(self.y, y);
    }

    /// `dx = y ⊙ (dy - Σ_j y_j dy_j)`.
    fn backward(&self, arrays: &mut Arrays) {
        let (y, dy) = (
            arrays.value(self.y, self.width),
            arrays.gradient(self.y, self.width),
        );
        arrays.add_gradient(self.x, softmax_gradient(&y, &dy));
    }
}
