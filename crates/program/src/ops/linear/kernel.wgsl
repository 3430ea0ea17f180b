// The product in its three forms, with the bias, the activation and its derivative:
//
//   forward   y  = f(x w + b)                  rows x n_out
//   to_input  dx = (dy * f'(y)) w^T            rows x n_in
//   to_weight dw = x^T (dy * f'(y)), db        n_in x n_out, summed over the rows
//
// `tiles.wgsl` computes it by teams of threads, `blocks.wgsl` by independent threads; this file defines where they read and
// write.

fn activate(record: Record, at: u32, value: f32) {
    var y = value;
    switch (record.epilogue) {
        case 1u: { y = select(value, 0.0, value < 0.0); }
        case 2u: {
            arena[record.z + at] = value;
            y = gelu(value);
        }
        case 3u: { y = tanh_(value); }
        case 4u: { y = sigmoid(value); }
        default: {}
    }
    arena[record.y + at] = y;
}

// dz at an index of y.
fn dz(record: Record, at: u32) -> f32 {
    let dy = arena[record.dy + at];
    switch (record.epilogue) {
        case 1u: { return select(0.0, dy, arena[record.y + at] > 0.0); }
        case 2u: { return dy * gelu_derivative(arena[record.z + at]); }
        case 3u: {
            let y = arena[record.y + at];
            return dy * (1.0 - y * y);
        }
        case 4u: {
            let y = arena[record.y + at];
            return dy * (y * (1.0 - y));
        }
        default: { return dy; }
    }
}

fn bias_at(record: Record, column: u32) -> f32 {
    if (record.bias == NOWHERE) {
        return 0.0;
    }
    return values[record.bias + column];
}

// Writes a number of dw, or of db after it, to the gradients or to the buffer of a part.
fn put_weight(record: Record, number: u32, value: f32) {
    let n_weights = record.n_in * record.n_out;
    if (record.n_parts > 1u) {
        arena[record.sums + number] = value;
        return;
    }
    var at = record.dw + number;
    if (number >= n_weights) {
        at = record.db + number - n_weights;
    }
    put_gradient(at, value, record.accumulate);
}

// The rows of this part.
fn part_rows(record: Record) -> vec2<u32> {
    let m = n_rows() * record.steps;
    let length = (m + record.n_parts - 1u) / record.n_parts;
    let start = min(record.part * length, m);
    return vec2<u32>(start, min(start + length, m));
}

// c[i, j] = sum over k of a[i, k] b[k, j]: sizes and offsets.
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

fn forward_shape(record: Record) -> Shape {
    let n = record.n_out;
    let depth = record.n_in;
    return Shape(n_rows() * record.steps, n, depth, record.x, depth, 1u, record.w, 1u, n, NOWHERE, 0u);
}

fn forward_put(record: Record, row: u32, column: u32, value: f32) {
    activate(record, row * record.n_out + column, value + bias_at(record, column));
}

fn to_input_shape(record: Record) -> Shape {
    let depth = record.n_out;
    return Shape(n_rows() * record.steps, record.n_in, depth, record.dy, depth, 1u, record.w, depth, 1u, NOWHERE, 0u);
}

fn to_input_put(record: Record, row: u32, column: u32, value: f32) {
    put(record.dx + row * record.n_in + column, value, record.accumulate);
}

// The gradient of the bias is an additional row, as if x had a column of ones.
fn to_weight_shape(record: Record) -> Shape {
    let m = record.n_in + select(1u, 0u, record.db == NOWHERE);
    let n = record.n_out;
    let rows = part_rows(record);
    let x = record.x + rows.x * record.n_in;
    let dy = record.dy + rows.x * n;
    return Shape(m, n, rows.y - rows.x, x, 1u, record.n_in, dy, 1u, n, record.n_in, record.sums);
}

fn to_weight_put(record: Record, row: u32, column: u32, value: f32) {
    put_weight(record, row * record.n_out + column, value);
}
