//! Kernels of the embedding: gather and scatter.

use super::EmbeddingLookup;
use crate::operation::{At, Cpu};

/// The row of an id; an id beyond the table, which a prepared data set never has, is the table's last row.
fn row(op: &EmbeddingLookup, id: u32) -> usize {
    (id as usize).min(op.cardinality - 1)
}

pub fn forward(op: &EmbeddingLookup, cpu: &mut Cpu<'_>) {
    let ids = cpu.ids(op.slot, op.steps);
    let range = cpu.range(op.table);
    let table = &cpu.parameters[range];
    let y = cpu.memory.one(At::Value(op.y));
    for (y, id) in y.chunks_exact_mut(op.width).zip(ids) {
        let start = row(op, *id) * op.width;
        y.copy_from_slice(&table[start..start + op.width]);
    }
}

pub fn backward(op: &EmbeddingLookup, cpu: &mut Cpu<'_>) {
    if !cpu.gradients.wants(op.table) {
        return;
    }
    let ids = cpu.ids(op.slot, op.steps);
    let dy = cpu.memory.one(At::Gradient(op.y));
    let (table, touched) = cpu.gradients.claim_rows(op.table);
    for (dy, id) in dy.chunks_exact(op.width).zip(ids) {
        let row = row(op, *id);
        touched.mark(row as u32);
        for (gradient, dy) in table[row * op.width..(row + 1) * op.width].iter_mut().zip(dy) {
            *gradient += dy;
        }
    }
}
