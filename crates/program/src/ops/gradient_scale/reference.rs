//! `y = x`, but `dx = factor dy`.

use super::GradientScale;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for GradientScale {
    fn forward(&self, arrays: &mut Arrays) {
        arrays.write(self.y, arrays.value(self.x, 1));
    }

    /// A factor of 0 stops the pass here.
    fn backward(&self, arrays: &mut Arrays) {
        if self.factor != 0.0 {
            arrays.add_gradient(self.x, f64::from(self.factor) * arrays.gradient(self.y, 1));
        }
    }
}
