// Softmax over rows.

struct Record {
    x: u32,
    y: u32,
    steps: u32,
    width: u32,
    dy: u32,
    dx: u32,
    @size(232) accumulate: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let width = records[z].width;
    let start = row * width;
    softmax(records[z].x + start, records[z].y + start, select(0u, width, is_row), NOWHERE, 1.0, local);
}

fn backward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let n = select(0u, records[z].width, is_row);
    let start = row * records[z].width;
    let y = records[z].y + start;
    let dy = records[z].dy + start;
    let dot = row_dot(y, dy, n, local);
    for (var i = local % LANES; i < n; i += LANES) {
        put(records[z].dx + start + i, arena[y + i] * (arena[dy + i] - dot), records[z].accumulate);
    }
}
