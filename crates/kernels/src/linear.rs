//! Gradients of the activations that a linear op applies, from its results.

use crate::elementary::gelu_derivative;
use crate::multiversion;

multiversion! {
    /// `dy *= 1 if y > 0 else 0`.
    pub fn relu_gradient(dy: &mut [f32], y: &[f32]) {
        for (dy, y) in dy.iter_mut().zip(y) {
            *dy = if *y > 0.0 { *dy } else { 0.0 };
        }
    }

    /// `dy *= 1 - y²`.
    pub fn tanh_gradient(dy: &mut [f32], y: &[f32]) {
        for (dy, y) in dy.iter_mut().zip(y) {
            *dy *= 1.0 - y * y;
        }
    }

    /// `dy *= y (1 - y)`.
    pub fn sigmoid_gradient(dy: &mut [f32], y: &[f32]) {
        for (dy, y) in dy.iter_mut().zip(y) {
            *dy *= y * (1.0 - y);
        }
    }

    /// `dy *= gelu'(z)`.
    pub fn gelu_gradient(dy: &mut [f32], z: &[f32]) {
        for (dy, z) in dy.iter_mut().zip(z) {
            *dy *= gelu_derivative(*z);
        }
    }
}
