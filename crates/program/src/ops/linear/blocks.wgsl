// The product by independent threads: each computes a block of 8 x 8 numbers in registers. `block.wgsl` has the loop.
// Rows and columns beyond the last are read as the last and not written. For the backward forms dy must be dz: `derive` runs before.

// Start of a row of a, and distance of its numbers.
fn row_at(shape: Shape, row: u32) -> vec2<u32> {
    if (row == shape.ones) {
        return vec2<u32>(shape.one, 0u);
    }
    return vec2<u32>(shape.a + min(row, shape.m - 1u) * shape.a_row, shape.a_next);
}

fn column_at(shape: Shape, column: u32) -> u32 {
    return shape.b + min(column, shape.n - 1u) * shape.b_column;
}

// Replaces dy by dz.
fn derive_at(record: Record, i: u32) {
    arena[record.dy + i] = dz(record, i);
}
