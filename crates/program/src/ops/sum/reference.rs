//! `y = Σ_i s_i x_i`.

use ndarray::Array2;

use super::Sum;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for Sum {
    fn forward(&self, arrays: &mut Arrays) {
        let zeros = Array2::zeros(arrays.value(self.y, 1).raw_dim());
        let y = self.terms.iter().fold(zeros, |sum, (x, factor)| {
            sum + f64::from(*factor) * arrays.value(*x, 1)
        });
        arrays.write(self.y, y);
    }

    /// `dx_i = s_i dy`.
    fn backward(&self, arrays: &mut Arrays) {
        for (x, factor) in &self.terms {
            arrays.add_gradient(*x, f64::from(*factor) * arrays.gradient(self.y, 1));
        }
    }
}
