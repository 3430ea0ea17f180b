//! `y = k x` while training, where k is 0 with probability `rate` and `1 / (1 - rate)` otherwise; `y = x` otherwise.

use ndarray::Array2;

use super::{DropoutMask, counter_key, hash};
use crate::operation::reference::{Arrays, ReferenceOperation};

impl DropoutMask {
    /// The key of the random numbers of this step; `None` when the batch is not trained on.
    fn key(&self, arrays: &Arrays) -> Option<[u32; 2]> {
        arrays
            .step()
            .map(|step| counter_key(arrays.run_seed(), self.stream, step))
    }
}

impl ReferenceOperation for DropoutMask {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, 1);
        let rate = f64::from(self.rate);
        let k = self.key(arrays).map_or_else(
            || Array2::ones(x.raw_dim()),
            |key| {
                // The random number of a position, uniform in [0, 1), is a multiple of 2^-24; so is the rate, rounded down.
                let threshold = (rate * 16_777_216.0).floor();
                let is_kept = |position: usize| f64::from(hash(position as u32, key) >> 8) >= threshold;
                Array2::from_shape_fn(x.raw_dim(), |(position, _)| {
                    f64::from(is_kept(position)) / (1.0 - rate)
                })
            },
        );
        arrays.write(self.y, &x * &k);
        arrays.write(self.kept, k);
    }

    /// `dx = k dy`.
    fn backward(&self, arrays: &mut Arrays) {
        let (k, dy) = (arrays.value(self.kept, 1), arrays.gradient(self.y, 1));
        arrays.add_gradient(self.x, k * dy);
    }
}
