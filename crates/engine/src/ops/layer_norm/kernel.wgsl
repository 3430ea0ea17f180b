// Normalisation over the width, by rows; the gradients of gamma and beta by columns.

struct Record {
    x: u32,
    y: u32,
    steps: u32,
    width: u32,
    gamma: u32,
    beta: u32,
    normalized: u32,
    inverse: u32,
    epsilon: f32,
    dy: u32,
    dx: u32,
    accumulate: u32,
    d_gamma: u32,
    @size(204) d_beta: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let start = row * records[z].width;
    let n = select(0u, records[z].width, is_row);
    let share = 1.0 / f32(records[z].width);
    var sum = 0.0;
    for (var i = local % LANES; i < n; i += LANES) {
        sum += arena[records[z].x + start + i];
    }
    let mean = all_sum(sum, local) * share;
    var squares = 0.0;
    for (var i = local % LANES; i < n; i += LANES) {
        let centred = arena[records[z].x + start + i] - mean;
        squares += centred * centred;
    }
    let inverse = 1.0 / sqrt(all_sum(squares, local) * share + records[z].epsilon);
    for (var i = local % LANES; i < n; i += LANES) {
        let normalized = (arena[records[z].x + start + i] - mean) * inverse;
        arena[records[z].normalized + start + i] = normalized;
        arena[records[z].y + start + i] = values[records[z].gamma + i] * normalized + values[records[z].beta + i];
    }
    if (is_row && local % LANES == 0u) {
        arena[records[z].inverse + row] = inverse;
    }
}

fn backward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let start = row * records[z].width;
    let n = select(0u, records[z].width, is_row);
    let share = 1.0 / f32(records[z].width);
    var sum = 0.0;
    var product = 0.0;
    for (var i = local % LANES; i < n; i += LANES) {
        let g = values[records[z].gamma + i] * arena[records[z].dy + start + i];
        sum += g;
        product += g * arena[records[z].normalized + start + i];
    }
    let mean = all_sum(sum, local) * share;
    let mean_product = all_sum(product, local) * share;
    for (var i = local % LANES; i < n; i += LANES) {
        let g = values[records[z].gamma + i] * arena[records[z].dy + start + i];
        let rest = g - mean - arena[records[z].normalized + start + i] * mean_product;
        put(records[z].dx + start + i, rest * arena[records[z].inverse + row], records[z].accumulate);
    }
}

fn parameters_column(z: u32, column: u32, lane: u32) {
    let width = records[z].width;
    let n = n_rows() * records[z].steps;
    var sums = vec2<f32>(0.0);
    if (column < width) {
        for (var row = lane / 16u; row < n; row += 16u) {
            let at = row * width + column;
            let dy = arena[records[z].dy + at];
            sums += vec2<f32>(dy * arena[records[z].normalized + at], dy);
        }
    }
    sums = tree(sums, lane, 16u);
    if (lane < 16u && column < width) {
        put_gradient(records[z].d_gamma + column, sums.x, records[z].accumulate);
        put_gradient(records[z].d_beta + column, sums.y, records[z].accumulate);
    }
}
