//! `y_t = x_t ⊙ g`.

use ndarray::Axis;

use super::BroadcastMultiply;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for BroadcastMultiply {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, [self.steps, self.width]);
        let gate = arrays.value(self.gate, [1, self.width]);
        arrays.write(self.y, x * gate);
    }

    /// `dx_t = dy_t ⊙ g`, `dg = Σ_t x_t ⊙ dy_t`.
    fn backward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, [self.steps, self.width]);
        let gate = arrays.value(self.gate, [1, self.width]);
        let dy = arrays.gradient(self.y, [self.steps, self.width]);
        arrays.add_gradient(self.gate, (x * &dy).sum_axis(Axis(1)));
        arrays.add_gradient(self.x, dy * gate);
    }
}
