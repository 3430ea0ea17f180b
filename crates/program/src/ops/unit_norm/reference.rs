//! `y = x / √max(Σ x², ε)` with ε = 10⁻¹².

use libm::sqrt;
use ndarray::Zip;

use super::UnitNorm;
use crate::operation::reference::{Arrays, Axes, ReferenceOperation};

/// Smallest squared length that is divided by.
const EPSILON: f64 = 1e-12;

impl ReferenceOperation for UnitNorm {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, self.width);
        let squares = (&x * &x).sum_along(1);
        let inverse = squares.mapv(|squares| 1.0 / sqrt(squares.max(EPSILON)));
        arrays.write(self.y, x * &inverse);
        arrays.write(self.inverse, inverse);
    }

    /// `dx = (dy - y (y · dy)) / √(Σ x²)`; below ε, where the divisor does not move, `dx = dy / √ε`.
    fn backward(&self, arrays: &mut Arrays) {
        let (y, inverse) = (arrays.value(self.y, self.width), arrays.value(self.inverse, 1));
        let dy = arrays.gradient(self.y, self.width);
        let moves = inverse.mapv(|inverse| f64::from(inverse < 1.0 / sqrt(EPSILON)));
        let along = Zip::from(&(&y * &dy).sum_along(1))
            .and(&moves)
            .map_collect(|along, moves| along * moves);
        arrays.add_gradient(self.x, (dy - y * along) * inverse);
    }
}
