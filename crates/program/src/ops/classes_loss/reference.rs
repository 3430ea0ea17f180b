//! `p = softmax(z)`, `l = -w_y log p_y`.

use libm::log;
use ndarray::{Array1, Array2};

use super::ClassesLoss;
use crate::{
    losses::class_weight,
    operation::reference::{Arrays, ReferenceOperation, softmax},
};

impl ReferenceOperation for ClassesLoss {
    fn forward(&self, arrays: &mut Arrays) {
        let z = arrays.value(self.logits, self.n_classes);
        let all = Array1::ones(self.n_classes);
        let mut p = Array2::zeros(z.raw_dim());
        let mut losses = Array1::from_elem(arrays.rows(), f64::NAN);
        for (row, class) in arrays
            .classes(self.task_idx, self.n_classes)
            .into_iter()
            .enumerate()
        {
            p.row_mut(row).assign(&softmax(z.row(row), all.view()));
            if let Some(y) = class {
                // log p_y = z_y - z_k + log p_k, with the likeliest class k, whose p is not near 0.
                let k = (0..self.n_classes).fold(
                    0,
                    |k, class| if z[(row, class)] > z[(row, k)] { class } else { k },
                );
                let log_p = z[(row, y)] - z[(row, k)] + log(p[(row, k)]);
                losses[row] = -f64::from(class_weight(&self.class_weights, y)) * log_p;
            }
        }
        arrays.write(self.probabilities, p);
        arrays.finish_loss(self.task_idx, &losses);
    }

    /// `dl/dz = w_y (p - onehot(y))`.
    fn backward(&self, arrays: &mut Arrays) {
        let mut dz = arrays.value(self.probabilities, self.n_classes);
        for (mut dz, class) in dz
            .rows_mut()
            .into_iter()
            .zip(arrays.classes(self.task_idx, self.n_classes))
        {
            let weight = class.map_or(f64::NAN, |y| f64::from(class_weight(&self.class_weights, y)));
            if let Some(y) = class {
                dz[y] -= 1.0;
            }
            dz *= weight;
        }
        arrays.start_gradient(self.task_idx, self.logits, dz);
    }
}
