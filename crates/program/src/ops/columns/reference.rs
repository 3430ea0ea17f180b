//! `y[:, y_start..y_start + width] = x[:, x_start..x_start + width]`; the other columns of y are those of other ops.

use ndarray::{Array2, s};

use super::Columns;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl ReferenceOperation for Columns {
    fn forward(&self, arrays: &mut Arrays) {
        let (x, mut y) = (
            arrays.value(self.x, self.x_width),
            arrays.value(self.y, self.y_width),
        );
        let read = x.slice(s![.., self.x_start..self.x_start + self.width]);
        y.slice_mut(s![.., self.y_start..self.y_start + self.width])
            .assign(&read);
        arrays.write(self.y, y);
    }

    fn backward(&self, arrays: &mut Arrays) {
        let dy = arrays.gradient(self.y, self.y_width);
        let mut dx = Array2::zeros((dy.nrows(), self.x_width));
        let written = dy.slice(s![.., self.y_start..self.y_start + self.width]);
        dx.slice_mut(s![.., self.x_start..self.x_start + self.width])
            .assign(&written);
        arrays.add_gradient(self.x, dx);
    }
}
