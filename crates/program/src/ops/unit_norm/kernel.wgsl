// Scaling to length 1, by rows.

fn forward_row(record: Record, row: u32, lane: u32) {
    let start = row * record.width;
    let n = record.width;
    let x = record.x + start;
    let squares = row_dot(x, x, n, lane);
    let inverse = 1.0 / sqrt(max(squares, 1.0e-12));
    for (var i = lane; i < n; i += TEAM) {
        arena[record.y + start + i] = arena[x + i] * inverse;
    }
    if (lane == 0u) {
        arena[record.inverse + row] = select(-inverse, inverse, squares > 1.0e-12);
    }
}

fn backward_row(record: Record, row: u32, lane: u32) {
    let start = row * record.width;
    let n = record.width;
    let y = record.y + start;
    let dy = record.dy + start;
    let inverse = arena[record.inverse + row];
    // Below the smallest length the scale is constant.
    let along = select(0.0, row_dot(y, dy, n, lane), inverse > 0.0);
    for (var i = lane; i < n; i += TEAM) {
        let gradient = (arena[dy + i] - arena[y + i] * along) * abs(inverse);
        put(record.dx + start + i, gradient, record.accumulate);
    }
}
