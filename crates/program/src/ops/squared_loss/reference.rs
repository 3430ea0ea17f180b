//! `l = (z - y)²`.

use super::SquaredLoss;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for SquaredLoss {
    fn forward(&self, arrays: &mut Arrays) {
        let error = arrays.value(self.logits, 1) - arrays.targets(self.task_idx);
        arrays.finish_loss(self.task_idx, &(&error * &error));
    }

    /// `dl/dz = 2 (z - y)`.
    fn backward(&self, arrays: &mut Arrays) {
        let error = arrays.value(self.logits, 1) - arrays.targets(self.task_idx);
        arrays.start_gradient(self.task_idx, self.logits, 2.0 * error);
    }
}
