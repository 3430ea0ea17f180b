// Normalisation over the width, by rows; the gradients of gamma and beta by columns.

fn forward_row(record: Record, row: u32, lane: u32) {
    let start = row * record.width;
    let n = record.width;
    let share = 1.0 / f32(record.width);
    var sum = 0.0;
    for (var i = lane; i < n; i += TEAM) {
        sum += arena[record.x + start + i];
    }
    let mean = all_sum(sum, lane) * share;
    var squares = 0.0;
    for (var i = lane; i < n; i += TEAM) {
        let centred = arena[record.x + start + i] - mean;
        squares += centred * centred;
    }
    let inverse = 1.0 / sqrt(all_sum(squares, lane) * share + record.epsilon);
    for (var i = lane; i < n; i += TEAM) {
        let normalized = (arena[record.x + start + i] - mean) * inverse;
        arena[record.normalized + start + i] = normalized;
        arena[record.y + start + i] = values[record.gamma + i] * normalized + values[record.beta + i];
    }
    if (lane == 0u) {
        arena[record.inverse + row] = inverse;
    }
}

fn backward_row(record: Record, row: u32, lane: u32) {
    let start = row * record.width;
    let n = record.width;
    let share = 1.0 / f32(record.width);
    var sum = 0.0;
    var product = 0.0;
    for (var i = lane; i < n; i += TEAM) {
        let g = values[record.gamma + i] * arena[record.dy + start + i];
        sum += g;
        product += g * arena[record.normalized + start + i];
    }
    let mean = all_sum(sum, lane) * share;
    let mean_product = all_sum(product, lane) * share;
    for (var i = lane; i < n; i += TEAM) {
        let g = values[record.gamma + i] * arena[record.dy + start + i];
        let rest = g - mean - arena[record.normalized + start + i] * mean_product;
        put(record.dx + start + i, rest * arena[record.inverse + row], record.accumulate);
    }
}

fn parameters_column(record: Record, column: u32, lane: u32) {
    let width = record.width;
    let n = n_rows() * record.steps;
    var sums = vec2<f32>(0.0);
    if (column < width) {
        for (var row = lane / COLUMNS; row < n; row += TEAM / COLUMNS) {
            let at = row * width + column;
            let dy = arena[record.dy + at];
            sums += vec2<f32>(dy * arena[record.normalized + at], dy);
        }
    }
    sums = tree(sums, lane, COLUMNS);
    if (lane < COLUMNS && column < width) {
        put_gradient(record.d_gamma + column, sums.x, record.accumulate);
        put_gradient(record.d_beta + column, sums.y, record.accumulate);
    }
}
