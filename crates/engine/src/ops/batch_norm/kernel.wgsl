// Normalisation over the batch: 16 threads take a column through all its sums and the rows after them.

struct Record {
    x: u32,
    mask: u32, // NOWHERE: every step counts
    y: u32,
    steps: u32,
    width: u32,
    gamma: u32,
    beta: u32,
    moving_mean: u32,
    moving_variance: u32,
    normalized: u32,
    statistics: u32, // per column: the inverse of the deviation; then 1 over the steps that count, 0 unless from them
    momentum: f32,
    epsilon: f32,
    dy: u32,
    dx: u32, // NOWHERE: not wanted
    accumulate: u32,
    d_gamma: u32, // NOWHERE: not wanted
    d_beta: u32,
    @size(184) accumulate_gamma: u32,
}

fn move_towards(at: u32, batch: f32, momentum: f32) {
    values[at] = values[at] * momentum + batch * (1.0 - momentum);
}

fn forward_column(z: u32, column: u32, lane: u32) {
    let width = records[z].width;
    let n = select(0u, n_rows() * records[z].steps, column < width);
    var sums = vec2<f32>(0.0);
    for (var row = lane / 16u; row < n; row += 16u) {
        if (counts(records[z].mask, row)) {
            sums += vec2<f32>(arena[records[z].x + row * width + column], 1.0);
        }
    }
    sums = tree(sums, lane, 16u);
    let from_batch = is_training() && sums.y > 0.0;
    let share = select(0.0, 1.0 / sums.y, from_batch);
    var mean = sums.x * share;
    var squares = 0.0;
    for (var row = lane / 16u; row < n; row += 16u) {
        if (counts(records[z].mask, row)) {
            let centred = arena[records[z].x + row * width + column] - mean;
            squares += centred * centred;
        }
    }
    var variance = tree(vec2<f32>(squares), lane, 16u).x * share;
    if (column >= width) {
        return;
    }
    if (!from_batch) {
        mean = values[records[z].moving_mean + column];
        variance = values[records[z].moving_variance + column];
    } else if (lane < 16u) {
        move_towards(records[z].moving_mean + column, mean, records[z].momentum);
        move_towards(records[z].moving_variance + column, variance, records[z].momentum);
    }
    let inverse = 1.0 / sqrt(variance + records[z].epsilon);
    if (lane < 16u) {
        arena[records[z].statistics + column] = inverse;
        arena[records[z].statistics + width + column] = share;
    }
    let gamma = values[records[z].gamma + column];
    let beta = values[records[z].beta + column];
    for (var row = lane / 16u; row < n; row += 16u) {
        let at = row * width + column;
        let normalized = (arena[records[z].x + at] - mean) * inverse;
        arena[records[z].normalized + at] = normalized;
        arena[records[z].y + at] = gamma * normalized + beta;
    }
}

fn backward_column(z: u32, column: u32, lane: u32) {
    let width = records[z].width;
    let n = select(0u, n_rows() * records[z].steps, column < width);
    // Over the steps that count, for dx; gamma and beta see every step.
    var counted = vec2<f32>(0.0);
    var all = vec2<f32>(0.0);
    for (var row = lane / 16u; row < n; row += 16u) {
        let at = row * width + column;
        let dy = arena[records[z].dy + at];
        let both = vec2<f32>(dy, dy * arena[records[z].normalized + at]);
        all += both;
        counted += select(vec2<f32>(0.0), both, counts(records[z].mask, row));
    }
    counted = tree(counted, lane, 16u);
    all = tree(all, lane, 16u);
    if (column >= width) {
        return;
    }
    if (lane < 16u && records[z].d_gamma != NOWHERE) {
        put_gradient(records[z].d_gamma + column, all.y, records[z].accumulate_gamma);
        put_gradient(records[z].d_beta + column, all.x, records[z].accumulate_gamma);
    }
    if (records[z].dx == NOWHERE) {
        return;
    }
    let scale = values[records[z].gamma + column] * arena[records[z].statistics + column];
    counted *= arena[records[z].statistics + width + column];
    for (var row = lane / 16u; row < n; row += 16u) {
        let at = row * width + column;
        var rest = arena[records[z].dy + at];
        // A step that does not count moved neither the mean nor the variance.
        if (counts(records[z].mask, row)) {
            rest -= counted.x + arena[records[z].normalized + at] * counted.y;
        }
        put(records[z].dx + at, scale * rest, records[z].accumulate);
    }
}
