//! `y = f(z)` with `z = x W + b`.

use libm::tanh;
use ndarray::{Array2, Axis};

use super::{Epilogue, Linear};
use crate::operation::reference::{Arrays, ReferenceOperation, gauss_cdf, gauss_density, relu, sigmoid};

impl Epilogue {
    /// f.
    fn value(self, z: f64) -> f64 {
        match self {
            Self::Identity => z,
            Self::Relu => relu(z),
            Self::Gelu => z * gauss_cdf(z),
            Self::Tanh => tanh(z),
            Self::Sigmoid => sigmoid(z),
        }
    }

    /// f'.
    fn slope(self, z: f64) -> f64 {
        match self {
            Self::Identity => 1.0,
            Self::Relu => f64::from(z > 0.0),
            Self::Gelu => gauss_cdf(z) + z * gauss_density(z),
            Self::Tanh => 1.0 - tanh(z) * tanh(z),
            Self::Sigmoid => sigmoid(z) * (1.0 - sigmoid(z)),
        }
    }
}

impl Linear {
    /// z, `(rows · steps) × n_out`.
    fn z(&self, arrays: &Arrays) -> Array2<f64> {
        let z = arrays
            .value(self.x, self.n_in)
            .dot(&arrays.parameter(self.kernel, [self.n_in, self.n_out]));
        match self.bias {
            Some(bias) => z + arrays.parameter(bias, self.n_out),
            None => z,
        }
    }
}

impl ReferenceOperation for Linear {
    fn forward(&self, arrays: &mut Arrays) {
        let z = self.z(arrays);
        if self.epilogue == Epilogue::Relu {
            arrays.kink(&z);
        }
        arrays.write(self.y, z.mapv(|z| self.epilogue.value(z)));
    }

    /// `dz = dy ⊙ f'(z)`, `dW = xᵀ dz`, `db = Σ dz`, `dx = dz Wᵀ`.
    fn backward(&self, arrays: &mut Arrays) {
        let (x, w) = (
            arrays.value(self.x, self.n_in),
            arrays.parameter(self.kernel, [self.n_in, self.n_out]),
        );
        let dz = arrays.gradient(self.y, self.n_out) * self.z(arrays).mapv(|z| self.epilogue.slope(z));
        arrays.add_gradient(self.x, dz.dot(&w.t()));
        arrays.add_parameter_gradient(self.kernel, x.t().dot(&dz));
        if let Some(bias) = self.bias {
            arrays.add_parameter_gradient(bias, dz.sum_axis(Axis(0)));
        }
    }
}
