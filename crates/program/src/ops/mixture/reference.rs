//! `y = Σ_e w_e x_e`, at each step.

use ndarray::{Array2, Axis, concatenate, s};

use super::Mixture;
use crate::operation::reference::{Arrays, Axes, ReferenceOperation};

impl ReferenceOperation for Mixture {
    fn forward(&self, arrays: &mut Arrays) {
        let w = arrays.value(self.weights, self.experts.len());
        let mut y = Array2::zeros([w.nrows(), self.width]);
        for (e, expert) in self.experts.iter().enumerate() {
            y += &(arrays.value(*expert, self.width) * w.slice(s![.., e..=e]));
        }
        arrays.write(self.y, y);
    }

    /// `dx_e = w_e dy`, `dw_e = x_e · dy`.
    fn backward(&self, arrays: &mut Arrays) {
        let (w, dy) = (
            arrays.value(self.weights, self.experts.len()),
            arrays.gradient(self.y, self.width),
        );
        let mut dw = Array2::zeros([w.nrows(), 0]);
        for (e, expert) in self.experts.iter().enumerate() {
            dw = concatenate![
                Axis(1),
                dw,
                (arrays.value(*expert, self.width) * &dy).sum_along(1)
            ];
            arrays.add_gradient(*expert, &dy * &w.slice(s![.., e..=e]));
        }
        arrays.add_gradient(self.weights, dw);
    }
}
