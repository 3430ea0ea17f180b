//! `w = softmax over the steps that count of s`, `y = Σ_t w_t x_t`.

use ndarray::{Array2, Axis};

use super::AttentionPool;
use crate::operation::reference::{Arrays, ReferenceOperation, softmax, softmax_gradient};

impl ReferenceOperation for AttentionPool {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, [self.length, self.width]);
        let (s, mask) = (
            arrays.value(self.scores, self.length),
            arrays.mask(self.mask, self.length),
        );
        let mut w = Array2::zeros(s.raw_dim());
        for ((mut w, s), mask) in w.rows_mut().into_iter().zip(s.rows()).zip(mask.rows()) {
            w.assign(&softmax(s, mask));
        }
        arrays.write(self.y, (x * w.view().insert_axis(Axis(2))).sum_axis(Axis(1)));
        arrays.write(self.weights, w);
    }

    /// `dx_t = w_t dy`, `dw_t = x_t · dy`, `ds = w ⊙ (dw - Σ w dw)`.
    fn backward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, [self.length, self.width]);
        let w = arrays.value(self.weights, self.length);
        let dy = arrays.gradient(self.y, [1, self.width]);
        let dw = (&x * &dy).sum_axis(Axis(2));
        arrays.add_gradient(self.scores, softmax_gradient(&w, &dw));
        arrays.add_gradient(self.x, &w.insert_axis(Axis(2)) * &dy);
    }
}
