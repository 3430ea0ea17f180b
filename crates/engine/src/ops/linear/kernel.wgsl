// The product in its three forms, with the bias, the activation and its derivative applied on the way:
//
//   forward   y  = f(x w + b)                  rows x n_out
//   to_input  dx = (dy * f'(y)) w^T            rows x n_in
//   to_weight dw = x^T (dy * f'(y)), db        n_in x n_out, summed over the rows
//
// Teams of threads do it in `tiles.wgsl`, threads that work alone in `blocks.wgsl`.

struct Record {
    x: u32,
    w: u32,
    bias: u32, // NOWHERE: none
    y: u32,
    z: u32,    // where GELU keeps x w + b
    epilogue: u32, // 0 none, 1 ReLU, 2 GELU, 3 tanh, 4 sigmoid
    steps: u32,
    n_in: u32,
    n_out: u32,
    dy: u32,
    dx: u32,
    dw: u32,
    db: u32,   // NOWHERE: none
    accumulate: u32,
    // The rows are summed in several parts, each to a place of its own in the arena; 1: straight to the gradient.
    n_parts: u32,
    part: u32,
    @size(192) sums: u32, // for threads that work alone: where a 1 is
}

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

// dz at a place of y.
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

// Writes a number of dw, or of db behind it, to the gradients or to a part's place.
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
