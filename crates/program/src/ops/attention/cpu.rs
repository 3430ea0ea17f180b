//! Kernels of attention, one row and head at a time.

use super::Attention;
use crate::operation::{At, Cpu, product::gemm};
use mtl_kernels::{
    gemm::{Operand, Output, Size},
    vector::{masked_softmax, softmax_gradient},
};

/// One head of one row, as a matrix of `length × depth` within the rows of all heads.
fn head(op: &Attention, row: usize, head: usize) -> std::ops::Range<usize> {
    let stride = op.heads * op.depth;
    let start = row * op.length * stride + head * op.depth;
    start..start + (op.length - 1) * stride + op.depth
}

/// The weights of one head of one row.
fn head_weights(op: &Attention, row: usize, head: usize) -> std::ops::Range<usize> {
    let size = op.length * op.length;
    let start = (row * op.heads + head) * size;
    start..start + size
}

fn scale(op: &Attention) -> f32 {
    1.0 / (op.depth as f32).sqrt()
}

fn output(data: &mut [f32], stride: usize, accumulate: bool) -> Output<'_> {
    let output = Output::to(data, stride);
    if accumulate { output.accumulate() } else { output }
}

pub fn forward(op: &Attention, cpu: &mut Cpu<'_>) {
    let (length, stride) = (op.length, op.heads * op.depth);
    let [q, k, v, y, weights, mask] = cpu.memory.get([
        At::Value(op.queries),
        At::Value(op.keys),
        At::Value(op.values),
        At::Value(op.y),
        At::Value(op.weights),
        At::optional(op.mask),
    ]);
    for row in 0..cpu.rows {
        let mask = if mask.is_empty() {
            &*mask
        } else {
            &mask[row * length..(row + 1) * length]
        };
        for index in 0..op.heads {
            let place = head(op, row, index);
            let p = &mut weights[head_weights(op, row, index)];
            let size = Size {
                m: length,
                n: length,
                k: op.depth,
            };
            let (q, k) = (
                Operand::rows(&q[place.clone()], stride),
                Operand::transposed(&k[place.clone()], stride),
            );
            gemm(size, q, k, Output::to(p, length), cpu.packing);
            for scores in p.chunks_exact_mut(length) {
                masked_softmax(scores, mask, scale(op));
            }
            let size = Size {
                m: length,
                n: op.depth,
                k: length,
            };
            let v = Operand::rows(&v[place.clone()], stride);
            gemm(
                size,
                Operand::rows(p, length),
                v,
                Output::to(&mut y[place], stride),
                cpu.packing,
            );
        }
    }
}

pub fn backward(op: &Attention, cpu: &mut Cpu<'_>) {
    let wants = [op.queries, op.keys, op.values].map(|value| cpu.memory.wants(value));
    if wants == [false; 3] {
        return;
    }
    let [q_written, k_written, v_written] =
        [op.queries, op.keys, op.values].map(|value| cpu.memory.claim(value));
    let (length, stride) = (op.length, op.heads * op.depth);
    let [q, k, v, dy, weights, ds, dq, dk, dv] = cpu.memory.get([
        At::Value(op.queries),
        At::Value(op.keys),
        At::Value(op.values),
        At::Gradient(op.y),
        At::Value(op.weights),
        At::Value(op.dscores),
        At::Gradient(op.queries),
        At::Gradient(op.keys),
        At::Gradient(op.values),
    ]);
    for row in 0..cpu.rows {
        for index in 0..op.heads {
            let place = head(op, row, index);
            let p = &weights[head_weights(op, row, index)];
            let across = Size {
                m: length,
                n: length,
                k: op.depth,
            };
            let along = Size {
                m: length,
                n: op.depth,
                k: length,
            };
            let dy = &dy[place.clone()];
            let v = Operand::transposed(&v[place.clone()], stride);
            gemm(
                across,
                Operand::rows(dy, stride),
                v,
                Output::to(ds, length),
                cpu.packing,
            );
            for (ds, p) in ds.chunks_exact_mut(length).zip(p.chunks_exact(length)) {
                softmax_gradient(ds, p, scale(op));
            }
            let to = output(&mut dv[place.clone()], stride, v_written);
            gemm(
                along,
                Operand::transposed(p, length),
                Operand::rows(dy, stride),
                to,
                cpu.packing,
            );
            let to = output(&mut dq[place.clone()], stride, q_written);
            gemm(
                along,
                Operand::rows(ds, length),
                Operand::rows(&k[place.clone()], stride),
                to,
                cpu.packing,
            );
            let to = output(&mut dk[place.clone()], stride, k_written);
            gemm(
                along,
                Operand::transposed(ds, length),
                Operand::rows(&q[place], stride),
                to,
                cpu.packing,
            );
        }
    }
}
