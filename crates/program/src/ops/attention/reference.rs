//! `S = q kᵀ / √depth`, `P = softmax over the keys that count`, `y = P v`, for each row and head.

use ndarray::{Array2, Array4, s};

use super::Attention;
use crate::{
    ids::ValueId,
    operation::reference::{Arrays, ReferenceOperation, softmax, softmax_gradient},
};

impl Attention {
    /// q, k or v: `rows × length × heads × depth`.
    fn heads_of(&self, arrays: &Arrays, value: ValueId) -> Array4<f64> {
        arrays.value(value, [self.length, self.heads, self.depth])
    }

    fn scale(&self) -> f64 {
        1.0 / (self.depth as f64).sqrt()
    }
}

impl ReferenceOperation for Attention {
    fn forward(&self, arrays: &mut Arrays) {
        let [q, k, v] = [self.queries, self.keys, self.values].map(|value| self.heads_of(arrays, value));
        let mask = arrays.mask(self.mask, self.length);
        let mut y = Array4::zeros(v.raw_dim());
        let mut weights = arrays.value(self.weights, [self.heads, self.length, self.length]);
        for row in 0..arrays.rows() {
            for head in 0..self.heads {
                let one = s![row, .., head, ..];
                let mut p = q.slice(one).dot(&k.slice(one).t()) * self.scale();
                for mut scores in p.rows_mut() {
                    let weights = softmax(scores.view(), mask.row(row));
                    scores.assign(&weights);
                }
                y.slice_mut(one).assign(&p.dot(&v.slice(one)));
                weights.slice_mut(s![row, head, .., ..]).assign(&p);
            }
        }
        arrays.write(self.y, y);
        arrays.write(self.weights, weights);
    }

    /// `dv = Pᵀ dy`, `dP = dy vᵀ`, `dS = P ⊙ (dP - Σ P dP) / √depth`, `dq = dS k`, `dk = dSᵀ q`.
    fn backward(&self, arrays: &mut Arrays) {
        let [q, k, v] = [self.queries, self.keys, self.values].map(|value| self.heads_of(arrays, value));
        let weights = arrays.value(self.weights, [self.heads, self.length, self.length]);
        let dy = arrays.gradient(self.y, [self.length, self.heads, self.depth]);
        let [mut dq, mut dk, mut dv] = [(); 3].map(|()| Array4::zeros(q.raw_dim()));
        for row in 0..arrays.rows() {
            for head in 0..self.heads {
                let one = s![row, .., head, ..];
                let p: Array2<f64> = weights.slice(s![row, head, .., ..]).to_owned();
                let dp = dy.slice(one).dot(&v.slice(one).t());
                let ds = softmax_gradient(&p, &dp) * self.scale();
                dv.slice_mut(one).assign(&p.t().dot(&dy.slice(one)));
                dq.slice_mut(one).assign(&ds.dot(&k.slice(one)));
                dk.slice_mut(one).assign(&ds.t().dot(&q.slice(one)));
            }
        }
        arrays.add_gradient(self.queries, dq);
        arrays.add_gradient(self.keys, dk);
        arrays.add_gradient(self.values, dv);
    }
}
