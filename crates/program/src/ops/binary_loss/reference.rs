//! `l = w_y (log(1 + e^z) - y z)`, `p = 1 / (1 + e^-z)`, for each label of a row.

use ndarray::Array2;

use super::BinaryLoss;
use crate::{
    losses::class_weight,
    operation::reference::{Arrays, ReferenceOperation, sigmoid, softplus},
};

impl BinaryLoss {
    /// The weight of each target, `rows × labels`.
    fn weights(&self, y: &Array2<f64>) -> Array2<f64> {
        let weight = |(row, label)| {
            class_weight(
                &self.class_weights,
                2 * label + usize::from(y[(row, label)] >= 0.5),
            )
        };
        Array2::from_shape_fn(y.raw_dim(), |at| f64::from(weight(at)))
    }
}

impl ReferenceOperation for BinaryLoss {
    fn forward(&self, arrays: &mut Arrays) {
        let (z, y) = (
            arrays.value(self.logits, self.n_labels),
            arrays.targets(self.task_idx),
        );
        arrays.write(self.probabilities, z.mapv(sigmoid));
        let l = self.weights(&y) * (z.mapv(softplus) - y * z);
        arrays.finish_loss(self.task_idx, &l);
    }

    /// `dl/dz = w_y (p - y)`.
    fn backward(&self, arrays: &mut Arrays) {
        let (p, y) = (
            arrays.value(self.probabilities, self.n_labels),
            arrays.targets(self.task_idx),
        );
        arrays.start_gradient(self.task_idx, self.logits, self.weights(&y) * (p - y));
    }
}
