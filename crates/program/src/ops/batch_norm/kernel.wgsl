// Normalisation over the batch: 16 threads compute all sums of a column, and then its rows.

fn move_towards(at: u32, batch: f32, momentum: f32) {
    values[at] = values[at] * momentum + batch * (1.0 - momentum);
}

// Share of the running statistics that is kept after this batch: a batch of fewer rows has a smaller weight.
fn momentum_of(record: Record) -> f32 {
    let rows = n_rows();
    return select(1.0 - (1.0 - record.momentum) * (f32(rows) / f32(record.max_rows)), record.momentum, rows == record.max_rows);
}

fn forward_column(record: Record, column: u32, lane: u32) {
    let width = record.width;
    let n = select(0u, n_rows() * record.steps, column < width);
    var sums = vec2<f32>(0.0);
    for (var row = lane / COLUMNS; row < n; row += TEAM / COLUMNS) {
        if (counts(record.mask, row)) {
            sums += vec2<f32>(arena[record.x + row * width + column], 1.0);
        }
    }
    sums = tree(sums, lane, COLUMNS);
    // A single value has no variance.
    let from_batch = is_training() && record.frozen == 0u && sums.y > 1.0;
    let share = select(0.0, 1.0 / sums.y, from_batch);
    var mean = sums.x * share;
    var squares = 0.0;
    for (var row = lane / COLUMNS; row < n; row += TEAM / COLUMNS) {
        if (counts(record.mask, row)) {
            let centred = arena[record.x + row * width + column] - mean;
            squares += centred * centred;
        }
    }
    var variance = tree(vec2<f32>(squares), lane, COLUMNS).x * share;
    if (column >= width) {
        return;
    }
    if (!from_batch) {
        mean = values[record.moving_mean + column];
        variance = values[record.moving_variance + column];
    } else if (lane < COLUMNS) {
        let momentum = momentum_of(record);
        move_towards(record.moving_mean + column, mean, momentum);
        move_towards(record.moving_variance + column, variance, momentum);
    }
    let inverse = 1.0 / sqrt(variance + record.epsilon);
    if (lane < COLUMNS) {
        arena[record.statistics + column] = inverse;
        arena[record.statistics + width + column] = share;
    }
    let gamma = values[record.gamma + column];
    let beta = values[record.beta + column];
    for (var row = lane / COLUMNS; row < n; row += TEAM / COLUMNS) {
        let at = row * width + column;
        let normalized = (arena[record.x + at] - mean) * inverse;
        arena[record.normalized + at] = normalized;
        arena[record.y + at] = gamma * normalized + beta;
    }
}

fn backward_column(record: Record, column: u32, lane: u32) {
    let width = record.width;
    let n = select(0u, n_rows() * record.steps, column < width);
    // Over the real steps for dx; gamma and beta include all steps.
    var counted = vec2<f32>(0.0);
    var all = vec2<f32>(0.0);
    for (var row = lane / COLUMNS; row < n; row += TEAM / COLUMNS) {
        let at = row * width + column;
        let dy = arena[record.dy + at];
        let both = vec2<f32>(dy, dy * arena[record.normalized + at]);
        all += both;
        counted += select(vec2<f32>(0.0), both, counts(record.mask, row));
    }
    counted = tree(counted, lane, COLUMNS);
    all = tree(all, lane, COLUMNS);
    if (column >= width) {
        return;
    }
    if (lane < COLUMNS && record.d_gamma != NOWHERE) {
        put_gradient(record.d_gamma + column, all.y, record.accumulate_gamma);
        put_gradient(record.d_beta + column, all.x, record.accumulate_gamma);
    }
    if (record.dx == NOWHERE) {
        return;
    }
    let scale = values[record.gamma + column] * arena[record.statistics + column];
    counted *= arena[record.statistics + width + column];
    for (var row = lane / COLUMNS; row < n; row += TEAM / COLUMNS) {
        let at = row * width + column;
        var rest = arena[record.dy + at];
        // Padding affected neither the mean nor the variance.
        if (counts(record.mask, row)) {
            rest -= counted.x + arena[record.normalized + at] * counted.y;
        }
        put(record.dx + at, scale * rest, record.accumulate);
    }
}
