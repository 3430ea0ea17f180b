//! `y = max_i x_i`, element by element.

use ndarray::{Array2, Zip};

use super::Maximum;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for Maximum {
    fn forward(&self, arrays: &mut Arrays) {
        let terms: Vec<_> = self.terms.iter().map(|x| arrays.value(*x, 1)).collect();
        let lowest = Array2::from_elem(terms[0].raw_dim(), f64::NEG_INFINITY);
        let y = terms
            .iter()
            .fold(lowest, |y, x| Zip::from(&y).and(x).map_collect(|y, x| y.max(*x)));
        for x in &terms {
            arrays.kink(&(&y - x));
        }
        arrays.write(self.y, y);
    }

    /// dy, in equal parts to the terms that reach the maximum.
    fn backward(&self, arrays: &mut Arrays) {
        let (y, dy) = (arrays.value(self.y, 1), arrays.gradient(self.y, 1));
        let reaches = |x| {
            Zip::from(&arrays.value(x, 1))
                .and(&y)
                .map_collect(|x, y| f64::from(x == y))
        };
        let reached: Vec<_> = self.terms.iter().map(|x| reaches(*x)).collect();
        let count = reached
            .iter()
            .fold(Array2::<f64>::zeros(y.raw_dim()), |count, reached| {
                count + reached
            });
        for (x, reached) in self.terms.iter().zip(&reached) {
            arrays.add_gradient(*x, &dy * reached / &count);
        }
    }
}
