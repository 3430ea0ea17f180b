// The product by threads that work alone: each computes a block of 8 x 8 numbers in registers. `block.wgsl` has the loop;
// here is what is summed in each form. Rows and columns behind the last are read as the last and not written.

// c[i, j] = sum over k of a[i, k] b[k, j]: the sizes, and where the numbers are.
struct Shape {
    m: u32,
    n: u32,
    depth: u32,
    a: u32,
    a_row: u32,
    a_next: u32,
    b: u32,
    b_column: u32,
    b_next: u32,
    ones: u32, // the row of a that has ones, if there is one
    one: u32,
}

// Where a row of a starts, and how far its numbers are apart.
fn row_at(shape: Shape, row: u32) -> vec2<u32> {
    if (row == shape.ones) {
        return vec2<u32>(shape.one, 0u);
    }
    return vec2<u32>(shape.a + min(row, shape.m - 1u) * shape.a_row, shape.a_next);
}

fn column_at(shape: Shape, column: u32) -> u32 {
    return shape.b + min(column, shape.n - 1u) * shape.b_column;
}

fn forward_shape(record: Record) -> Shape {
    let n = record.n_out;
    let depth = record.n_in;
    return Shape(n_rows() * record.steps, n, depth, record.x, depth, 1u, record.w, 1u, n, NOWHERE, 0u);
}

fn forward_put(record: Record, row: u32, column: u32, value: f32) {
    activate(record, row * record.n_out + column, value + bias_at(record, column));
}

// For the backward forms dy must be dz: `derive` has run.
fn to_input_shape(record: Record) -> Shape {
    let depth = record.n_out;
    return Shape(n_rows() * record.steps, record.n_in, depth, record.dy, depth, 1u, record.w, depth, 1u, NOWHERE, 0u);
}

fn to_input_put(record: Record, row: u32, column: u32, value: f32) {
    put(record.dx + row * record.n_in + column, value, record.accumulate);
}

// The gradient of the bias is one more row, as if x had a column of ones.
fn to_weight_shape(record: Record) -> Shape {
    let m = record.n_in + select(1u, 0u, record.db == NOWHERE);
    let n = record.n_out;
    let depth = n_rows() * record.steps;
    return Shape(m, n, depth, record.x, 1u, record.n_in, record.dy, 1u, n, record.n_in, record.sums);
}

fn to_weight_put(record: Record, row: u32, column: u32, value: f32) {
    put_weight(record, row * record.n_out + column, value);
}

// dz in the place of dy.
fn derive_at(record: Record, i: u32) {
    arena[record.dy + i] = dz(record, i);
}
