//! `y[t, j] = x[t s + j - p]` with stride s and p steps of padding before the start; 0 where x has no such step or where it
//! does not count.

use ndarray::{Array3, Array4, s};

use super::Unfold;
use crate::operation::reference::{Arrays, ReferenceOperation};

impl Unfold {
    /// Every place of a window, with the step that stands there: (row, window, place, step).
    fn places(&self, arrays: &Arrays) -> Vec<(usize, usize, usize, usize)> {
        let mask = arrays.mask(self.mask, self.length);
        let mut places = Vec::new();
        for (row, counts) in mask.rows().into_iter().enumerate() {
            for t in 0..self.out_length {
                for j in 0..self.window {
                    let step = (t * self.stride + j).checked_sub(self.before);
                    let step = step.filter(|step| *step < self.length && counts[*step] != 0.0);
                    places.extend(step.map(|step| (row, t, j, step)));
                }
            }
        }
        places
    }
}

impl ReferenceOperation for Unfold {
    fn forward(&self, arrays: &mut Arrays) {
        let x = arrays.value(self.x, [self.length, self.width]);
        let mut y = Array4::zeros([arrays.rows(), self.out_length, self.window, self.width]);
        for (row, t, j, step) in self.places(arrays) {
            y.slice_mut(s![row, t, j, ..]).assign(&x.slice(s![row, step, ..]));
        }
        arrays.write(self.y, y);
    }

    /// Every step gets the sum over the windows that it is in.
    fn backward(&self, arrays: &mut Arrays) {
        let dy = arrays.gradient(self.y, [self.out_length, self.window, self.width]);
        let mut dx = Array3::zeros([arrays.rows(), self.length, self.width]);
        for (row, t, j, step) in self.places(arrays) {
            let mut of_step = dx.slice_mut(s![row, step, ..]);
            of_step += &dy.slice(s![row, t, j, ..]);
        }
        arrays.add_gradient(self.x, dx);
    }
}
