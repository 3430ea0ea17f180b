//! `y = Σ_i a_i b_i`.

use ndarray::Axis;

use super::Dot;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for Dot {
    fn forward(&self, arrays: &mut Arrays) {
        let (a, b) = (arrays.value(self.a, self.width), arrays.value(self.b, self.width));
        arrays.write(self.y, (a * b).sum_axis(Axis(1)));
    }

    /// `da = dy b`, `db = dy a`.
    fn backward(&self, arrays: &mut Arrays) {
        let (a, b) = (arrays.value(self.a, self.width), arrays.value(self.b, self.width));
        let dy = arrays.gradient(self.y, 1);
        arrays.add_gradient(self.a, &dy * &b);
        arrays.add_gradient(self.b, &dy * &a);
    }
}
