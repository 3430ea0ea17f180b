//! Step by step, with masked steps carrying h on (m = 0):
//!
//! ```text
//! a = x_t W + b_0        e = h_{t-1} U + b_1
//! z = σ(a_z + e_z)       r = σ(a_r + e_r)       g = tanh(a_h + r e_h)
//! h_t = m (z h_{t-1} + (1 - z) g) + (1 - m) h_{t-1}
//! ```

use libm::tanh;
use ndarray::{Array2, Array3, Axis, concatenate, s};

use super::GruCells;
use crate::operation::reference::{Arrays, ReferenceOperation, Unrolled, sigmoid};

/// What one step of all rows computes, `rows × units` each.
struct Step {
    before: Array2<f64>,
    z: Array2<f64>,
    r: Array2<f64>,
    g: Array2<f64>,
    e_h: Array2<f64>,
}

/// Gate `gate` of `rows × 3 units`.
fn gate(gates: &Array2<f64>, gate: usize) -> Array2<f64> {
    let units = gates.ncols() / 3;
    gates.slice(s![.., gate * units..(gate + 1) * units]).to_owned()
}

impl GruCells {
    /// The steps in the order in which they are read, and h after each of them.
    fn unroll(&self, arrays: &Arrays, of: &Unrolled) -> Vec<(Step, Array2<f64>)> {
        let bias = arrays.parameter(self.bias, [2, 3 * self.units]);
        let mut h = Array2::zeros([arrays.rows(), self.units]);
        let mut steps = Vec::new();
        for t in of.order() {
            let a = of.x_at(t).dot(&of.w) + bias.row(0);
            let e = h.dot(&of.u) + bias.row(1);
            let z = (gate(&a, 0) + gate(&e, 0)).mapv(sigmoid);
            let r = (gate(&a, 1) + gate(&e, 1)).mapv(sigmoid);
            let e_h = gate(&e, 2);
            let g = (gate(&a, 2) + &r * &e_h).mapv(tanh);
            let before = h;
            h = of.carry(t, &z * &before + (1.0 - &z) * &g, &before);
            steps.push((Step { before, z, r, g, e_h }, h.clone()));
        }
        steps
    }
}

impl ReferenceOperation for GruCells {
    fn forward(&self, arrays: &mut Arrays) {
        let of = Unrolled::new(self, arrays);
        let states = self.unroll(arrays, &of).into_iter().map(|(_, h)| h);
        arrays.write(self.y, of.output(states));
    }

    /// With δ = m dh_t: `da_h = δ (1 - z) (1 - g²)`, `da_r = da_h e_h r (1 - r)`, `da_z = δ (h_{t-1} - g) z (1 - z)`,
    /// `de = (da_z, da_r, r da_h)`, `dh_{t-1} = δ z + de Uᵀ + (1 - m) dh_t`.
    fn backward(&self, arrays: &mut Arrays) {
        let of = Unrolled::new(self, arrays);
        let steps = self.unroll(arrays, &of);
        let (mut dw, mut du) = (Array2::zeros(of.w.raw_dim()), Array2::zeros(of.u.raw_dim()));
        let mut db = Array2::zeros([2, 3 * self.units]);
        let mut dx = Array3::zeros(of.x.raw_dim());
        let mut dh = of.last_state_gradient(arrays);
        for (t, (Step { before, z, r, g, e_h }, _)) in of.order().zip(steps).rev() {
            dh += &of.state_gradient(arrays, t);
            let delta = &dh * &of.counted(t);
            let da_h = &delta * &(1.0 - &z) * (1.0 - &g * &g);
            let da_r = &da_h * &e_h * &r * (1.0 - &r);
            let da_z = &delta * &(&before - &g) * &z * (1.0 - &z);
            let da = concatenate![Axis(1), da_z, da_r, da_h];
            let de = concatenate![Axis(1), da_z, da_r, &r * &da_h];
            dw += &of.x_at(t).t().dot(&da);
            du += &before.t().dot(&de);
            let mut sums = db.row_mut(0);
            sums += &da.sum_axis(Axis(0));
            let mut sums = db.row_mut(1);
            sums += &de.sum_axis(Axis(0));
            dx.slice_mut(s![.., t, ..]).assign(&da.dot(&of.w.t()));
            dh = &delta * &z + de.dot(&of.u.t()) + (&dh - &delta);
        }
        arrays.add_gradient(self.x, dx);
        arrays.add_parameter_gradient(self.kernel, dw);
        arrays.add_parameter_gradient(self.recurrent_kernel, du);
        arrays.add_parameter_gradient(self.bias, db);
    }
}
