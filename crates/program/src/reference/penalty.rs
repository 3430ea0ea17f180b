//! Regularisers and ties, as [`penalty`](crate::penalty): `Σ l1 |w| + l2 w² + strength (a - b)²`.

use ndarray::{ArrayD, Axis};

use super::Reference;
use crate::specs::TieSpec;

impl Reference<'_> {
    /// The penalty of the parameters.
    pub fn penalty(&self) -> f64 {
        let mut sum = 0.0;
        for (spec, w) in self.plan.parameters.iter().zip(&self.arrays.parameters) {
            let (l1, l2) = (f64::from(spec.regulariser.l1), f64::from(spec.regulariser.l2));
            sum += l1 * w.mapv(f64::abs).sum() + l2 * (w * w).sum();
        }
        for (tie, strength) in self.ties() {
            sum += strength * self.apart(tie).mapv(|apart| apart * apart).sum();
        }
        sum
    }

    /// Adds the gradient of the penalty: `l1 sign(w) + 2 l2 w`, and `± 2 strength (a - b)` for a and b. With `lazy_rows` a table has
    /// it on those rows alone that the pass has touched.
    pub fn add_penalty_gradients(&mut self, lazy_rows: bool) {
        let plan = self.plan;
        let mut pulls: Vec<ArrayD<f64>> = Vec::new();
        for (spec, w) in plan.parameters.iter().zip(&self.arrays.parameters) {
            let (l1, l2) = (f64::from(spec.regulariser.l1), f64::from(spec.regulariser.l2));
            pulls.push(w.mapv(|w| l1 * sign(w) + 2.0 * l2 * w));
        }
        for (tie, strength) in self.ties() {
            let pull = 2.0 * strength * self.apart(tie);
            pulls[tie.a.0] += &pull;
            pulls[tie.b.0] -= &pull;
        }
        for (index, (spec, pull)) in plan.parameters.iter().zip(pulls).enumerate() {
            let gradient = &mut self.arrays.parameter_gradients[index];
            if !spec.trainable {
                continue;
            }
            if !(lazy_rows && spec.sparse) {
                *gradient += &pull;
                continue;
            }
            for row in &self.arrays.touched[index] {
                let mut gradient = gradient.index_axis_mut(Axis(0), *row);
                gradient += &pull.index_axis(Axis(0), *row);
            }
        }
    }

    fn ties(&self) -> impl Iterator<Item = (&TieSpec, f64)> {
        let active = self.plan.ties.iter().filter(|tie| tie.strength > 0.0);
        active.map(|tie| (tie, f64::from(tie.strength)))
    }

    fn apart(&self, tie: &TieSpec) -> ArrayD<f64> {
        &self.arrays.parameters[tie.a.0] - &self.arrays.parameters[tie.b.0]
    }
}

/// -1, 0 or 1.
fn sign(w: f64) -> f64 {
    if w == 0.0 { 0.0 } else { w.signum() }
}
