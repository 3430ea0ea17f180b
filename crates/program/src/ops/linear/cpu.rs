//! Kernels of the linear op.

use super::{Epilogue, Linear};
use crate::operation::{
    At, Cpu,
    product::{self, Finish},
};
use mtl_kernels::{elementary, multiversion, vector::add_column_sums};

pub fn forward(op: &Linear, cpu: &mut Cpu<'_>) {
    let rows = cpu.rows * op.steps;
    let kernel = cpu.range(op.kernel);
    let bias = op.bias.map(|bias| cpu.range(bias));
    let [x, y] = cpu.memory.values([op.x, op.y]);
    let finish = Finish {
        bias: bias.map(|bias| &cpu.parameters[bias]),
        relu: op.epilogue == Epilogue::Relu,
    };
    product::linear(
        rows,
        op.n_in,
        op.n_out,
        x,
        &cpu.parameters[kernel],
        y,
        finish,
        cpu.packing,
    );
    match op.epilogue {
        Epilogue::Identity | Epilogue::Relu => {}
        Epilogue::Tanh => elementary::tanh_in_place(y),
        Epilogue::Sigmoid => elementary::sigmoid_in_place(y),
        Epilogue::Gelu => {
            let z = op.pre_activation.expect("lowering gives GELU a place for z");
            let [y, z] = cpu.memory.values([op.y, z]);
            z.copy_from_slice(y);
            elementary::gelu_slice(y, z);
        }
    }
}

pub fn backward(op: &Linear, cpu: &mut Cpu<'_>) {
    let rows = cpu.rows * op.steps;
    let (wants_x, wants_kernel) = (cpu.memory.wants(op.x), cpu.gradients.wants(op.kernel));
    if !wants_x && !wants_kernel {
        return;
    }
    let [y, dy] = cpu.memory.get([At::Value(op.y), At::Gradient(op.y)]);
    match op.epilogue {
        Epilogue::Identity => {}
        Epilogue::Relu => relu_gradient(dy, y),
        Epilogue::Tanh => tanh_gradient(dy, y),
        Epilogue::Sigmoid => sigmoid_gradient(dy, y),
        Epilogue::Gelu => {
            let z = op.pre_activation.expect("lowering gives GELU a place for z");
            let [z, dy] = cpu.memory.get([At::Value(z), At::Gradient(op.y)]);
            gelu_gradient(dy, z);
        }
    }
    if wants_kernel {
        let [x, dz] = cpu.memory.get([At::Value(op.x), At::Gradient(op.y)]);
        let (gradient, accumulate) = cpu.gradients.claim(op.kernel);
        product::tn(op.n_in, rows, op.n_out, x, dz, gradient, accumulate, cpu.packing);
        if let Some(bias) = op.bias {
            let (gradient, accumulate) = cpu.gradients.claim(bias);
            if !accumulate {
                gradient.fill(0.0);
            }
            add_column_sums(gradient, dz);
        }
    }
    if wants_x {
        let kernel = cpu.range(op.kernel);
        let accumulate = cpu.memory.claim(op.x);
        let [dz, dx] = cpu.memory.get([At::Gradient(op.y), At::Gradient(op.x)]);
        product::nt(
            rows,
            op.n_out,
            op.n_in,
            dz,
            &cpu.parameters[kernel],
            dx,
            accumulate,
            cpu.packing,
        );
    }
}

multiversion! {
    fn relu_gradient(dy: &mut [f32], y: &[f32]) {
        for (dy, y) in dy.iter_mut().zip(y) {
            *dy = if *y > 0.0 { *dy } else { 0.0 };
        }
    }

    fn tanh_gradient(dy: &mut [f32], y: &[f32]) {
        for (dy, y) in dy.iter_mut().zip(y) {
            *dy *= 1.0 - y * y;
        }
    }

    fn sigmoid_gradient(dy: &mut [f32], y: &[f32]) {
        for (dy, y) in dy.iter_mut().zip(y) {
            *dy *= y * (1.0 - y);
        }
    }

    fn gelu_gradient(dy: &mut [f32], z: &[f32]) {
        let f = elementary::functions();
        for (dy, z) in dy.iter_mut().zip(z) {
            *dy *= f.gelu_derivative(*z);
        }
    }
}
