//! Step by step, with masked steps carrying h and c on (m = 0):
//!
//! ```text
//! z_t = x_t W + h_{t-1} U + b
//! i, f, g, o = σ z_i, σ z_f, tanh z_g, σ z_o
//! c_t = m (f c_{t-1} + i g) + (1 - m) c_{t-1}
//! h_t = m o tanh c_t + (1 - m) h_{t-1}
//! ```

use libm::tanh;
use ndarray::{Array2, Array3, Axis, concatenate, s};

use super::LstmCells;
use crate::operation::reference::{Arrays, ReferenceOperation, Unrolled, sigmoid};

/// What one step of all rows computes, `rows × units` each.
struct Step {
    h_before: Array2<f64>,
    c_before: Array2<f64>,
    gates: [Array2<f64>; 4],
    tanh_c: Array2<f64>,
}

impl LstmCells {
    /// The steps in the order in which they are read, and h after each of them.
    fn unroll(&self, arrays: &Arrays, of: &Unrolled) -> Vec<(Step, Array2<f64>)> {
        let (units, bias) = (self.units, arrays.parameter(self.bias, 4 * self.units));
        let [mut h, mut c] = [(); 2].map(|()| Array2::zeros([arrays.rows(), units]));
        let mut steps = Vec::new();
        for t in of.order() {
            let z = of.x_at(t).dot(&of.w) + h.dot(&of.u) + &bias;
            let gate = |gate: usize| z.slice(s![.., gate * units..(gate + 1) * units]);
            let gates = [
                gate(0).mapv(sigmoid),
                gate(1).mapv(sigmoid),
                gate(2).mapv(tanh),
                gate(3).mapv(sigmoid),
            ];
            let [i, f, g, o] = &gates;
            let (h_before, c_before) = (h, c);
            let new_c = f * &c_before + i * g;
            let tanh_c = new_c.mapv(tanh);
            h = of.carry(t, o * &tanh_c, &h_before);
            c = of.carry(t, new_c, &c_before);
            let step = Step {
                h_before,
                c_before,
                gates,
                tanh_c,
            };
            steps.push((step, h.clone()));
        }
        steps
    }
}

impl ReferenceOperation for LstmCells {
    fn forward(&self, arrays: &mut Arrays) {
        let of = Unrolled::new(self, arrays);
        let states = self.unroll(arrays, &of).into_iter().map(|(_, h)| h);
        arrays.write(self.y, of.output(states));
    }

    /// With δ = m dh_t and ε = m dc_t + δ o (1 - tanh² c_t): `dz_o = δ tanh c_t o (1 - o)`, `dz_f = ε c_{t-1} f (1 - f)`,
    /// `dz_i = ε g i (1 - i)`, `dz_g = ε i (1 - g²)`, `dh_{t-1} = dz Uᵀ + (1 - m) dh_t`, `dc_{t-1} = ε f + (1 - m) dc_t`.
    fn backward(&self, arrays: &mut Arrays) {
        let of = Unrolled::new(self, arrays);
        let steps = self.unroll(arrays, &of);
        let (mut dw, mut du) = (Array2::zeros(of.w.raw_dim()), Array2::zeros(of.u.raw_dim()));
        let mut db = ndarray::Array1::zeros(4 * self.units);
        let mut dx = Array3::zeros(of.x.raw_dim());
        let mut dh = of.last_state_gradient(arrays);
        let mut dc = Array2::zeros(dh.raw_dim());
        for (t, (step, _)) in of.order().zip(steps).rev() {
            let [i, f, g, o] = &step.gates;
            let m = of.counted(t);
            dh += &of.state_gradient(arrays, t);
            let delta = &dh * &m;
            let epsilon = &dc * &m + &delta * o * (1.0 - &step.tanh_c * &step.tanh_c);
            let dz_i = &epsilon * g * i * (1.0 - i);
            let dz_f = &epsilon * &step.c_before * f * (1.0 - f);
            let dz_g = &epsilon * i * (1.0 - g * g);
            let dz_o = &delta * &step.tanh_c * o * (1.0 - o);
            let dz = concatenate![Axis(1), dz_i, dz_f, dz_g, dz_o];
            dw += &of.x_at(t).t().dot(&dz);
            du += &step.h_before.t().dot(&dz);
            db += &dz.sum_axis(Axis(0));
            dx.slice_mut(s![.., t, ..]).assign(&dz.dot(&of.w.t()));
            dh = dz.dot(&of.u.t()) + (&dh - &delta);
            dc = &epsilon * f + &dc * &(1.0 - &m);
        }
        arrays.add_gradient(self.x, dx);
        arrays.add_parameter_gradient(self.kernel, dw);
        arrays.add_parameter_gradient(self.recurrent_kernel, du);
        arrays.add_parameter_gradient(self.bias, db);
    }
}
