//! Over the steps that count (m = 1): their mean `Σ_t m_t x_t / Σ_t m_t`, their sum `Σ_t m_t x_t`, or their maximum, column by
//! column; 0 where no step counts.

use ndarray::{Array2, Array3, Axis, Zip};

use super::{Pool, PoolRule};
use crate::operation::reference::{Arrays, Axes, ReferenceOperation};

impl Pool {
    /// x, and m for every number of x.
    fn x_and_mask(&self, arrays: &Arrays) -> (Array3<f64>, Array3<f64>) {
        let x = arrays.value(self.x, [self.length, self.width]);
        let mask = arrays.mask(self.mask, self.length).insert_axis(Axis(2));
        let mask = mask
            .broadcast(x.raw_dim())
            .expect("a step of the mask for every step of x")
            .to_owned();
        (x, mask)
    }

    /// The share of each step in y: the derivative of y by x.
    fn shares(&self, arrays: &Arrays) -> Array3<f64> {
        let (x, m) = self.x_and_mask(arrays);
        let at_least_one = |n: Array3<f64>| n.mapv(|n| n.max(1.0));
        match self.rule {
            PoolRule::Sum => m,
            PoolRule::Mean => &m / &at_least_one(m.sum_along(1)),
            PoolRule::Max => {
                let y = arrays.value(self.y, [1, self.width]);
                let y = y.broadcast(x.raw_dim()).expect("a maximum for every column");
                let reached = Zip::from(&x)
                    .and(&m)
                    .and(y)
                    .map_collect(|x, m, y| f64::from(*m != 0.0 && x == y));
                &reached / &at_least_one(reached.sum_along(1))
            }
        }
    }
}

impl ReferenceOperation for Pool {
    fn forward(&self, arrays: &mut Arrays) {
        let (x, m) = self.x_and_mask(arrays);
        if self.rule != PoolRule::Max {
            arrays.write(self.y, (x * self.shares(arrays)).sum_axis(Axis(1)));
            return;
        }
        let counted = Zip::from(&x)
            .and(&m)
            .map_collect(|x, m| if *m == 0.0 { f64::NEG_INFINITY } else { *x });
        let y: Array2<f64> = counted.fold_axis(Axis(1), f64::NEG_INFINITY, |largest, x| largest.max(*x));
        let distances = &y.view().insert_axis(Axis(1)) - &counted;
        arrays.kink(distances.iter().filter(|distance| distance.is_finite()));
        arrays.write(self.y, y.mapv(|y| if y.is_finite() { y } else { 0.0 }));
    }

    /// Each step gets its share of dy.
    fn backward(&self, arrays: &mut Arrays) {
        let dy = arrays.gradient(self.y, [1, self.width]);
        arrays.add_gradient(self.x, self.shares(arrays) * dy);
    }
}
