//! `½ ((Σ_i v_i)² - Σ_i v_i²)`, element by element, or summed over the elements.

use ndarray::Array2;

use super::Interaction;
use crate::operation::reference::{Arrays, Axes, ReferenceOperation};

impl ReferenceOperation for Interaction {
    fn forward(&self, arrays: &mut Arrays) {
        let vectors: Vec<_> = self.terms.iter().map(|v| arrays.value(*v, self.width)).collect();
        let zeros = || Array2::zeros([arrays.rows(), self.width]);
        let sum = vectors.iter().fold(zeros(), |sum, v| sum + v);
        let squares = vectors.iter().fold(zeros(), |sum, v| sum + v * v);
        let y = 0.5 * (&sum * &sum - squares);
        arrays.write(self.sums, sum);
        arrays.write(self.y, if self.summed { y.sum_along(1) } else { y });
    }

    /// `dv_i = dy (Σ_j v_j - v_i)`.
    fn backward(&self, arrays: &mut Arrays) {
        let sum = arrays.value(self.sums, self.width);
        let dy = arrays.gradient(self.y, if self.summed { 1 } else { self.width });
        for term in &self.terms {
            arrays.add_gradient(*term, &dy * &(&sum - &arrays.value(*term, self.width)));
        }
    }
}
