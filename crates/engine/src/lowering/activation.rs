//! Activation functions.

mtl_base::choice! {
    /// Activation function.
    pub enum Activation {
        /// y = x.
        Linear = "linear", ["Linear", "线性"];
        /// y = max(x, 0).
        Relu = "relu", ["ReLU", "ReLU"];
        /// y = x Φ(x), with the exact normal distribution function.
        Gelu = "gelu", ["GELU", "GELU"];
        /// y = tanh x.
        Tanh = "tanh", ["Tanh", "Tanh"];
        /// y = 1 / (1 + e^-x).
        Sigmoid = "sigmoid", ["Sigmoid", "Sigmoid"];
        /// y_i = e^x_i / Σ_j e^x_j over the outputs of a row.
        Softmax = "softmax", ["Softmax", "Softmax"];
    }
}
