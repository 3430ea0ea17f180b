// Softmax over rows.

fn forward_row(record: Record, row: u32, lane: u32) {
    let width = record.width;
    let start = row * width;
    softmax(record.x + start, record.y + start, width, NOWHERE, 1.0, lane);
}

fn backward_row(record: Record, row: u32, lane: u32) {
    let n = record.width;
    let start = row * record.width;
    let y = record.y + start;
    let dy = record.dy + start;
    let dot = row_dot(y, dy, n, lane);
    for (var i = lane; i < n; i += TEAM) {
        put(record.dx + start + i, arena[y + i] * (arena[dy + i] - dot), record.accumulate);
    }
}
