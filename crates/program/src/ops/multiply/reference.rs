//! `y = Π_i x_i`, element by element.

use ndarray::Array2;

use super::Multiply;
use crate::{
    ids::ValueId,
    operation::reference::{Arrays, ReferenceOperation},
};

impl Multiply {
    /// The product of all factors but one.
    fn product_without(&self, arrays: &Arrays, left_out: Option<ValueId>) -> Array2<f64> {
        let ones = Array2::ones(arrays.value(self.y, 1).raw_dim());
        let factors = self.factors.iter().filter(|factor| Some(**factor) != left_out);
        factors.fold(ones, |product, x| product * arrays.value(*x, 1))
    }
}

impl ReferenceOperation for Multiply {
    fn forward(&self, arrays: &mut Arrays) {
        arrays.write(self.y, self.product_without(arrays, None));
    }

    /// `dx_i = dy Π_{j ≠ i} x_j`.
    fn backward(&self, arrays: &mut Arrays) {
        let dy = arrays.gradient(self.y, 1);
        for factor in &self.factors {
            arrays.add_gradient(*factor, &dy * &self.product_without(arrays, Some(*factor)));
        }
    }
}
