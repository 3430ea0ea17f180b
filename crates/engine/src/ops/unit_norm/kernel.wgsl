// Scaling to length 1, by rows.

struct Record {
    x: u32,
    y: u32,
    steps: u32,
    width: u32,
    inverse: u32, // negative where the length is below the smallest
    dy: u32,
    dx: u32,
    @size(228) accumulate: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let start = row * records[z].width;
    let n = select(0u, records[z].width, is_row);
    let x = records[z].x + start;
    let squares = row_dot(x, x, n, local);
    let inverse = 1.0 / sqrt(max(squares, 1.0e-12));
    for (var i = local % LANES; i < n; i += LANES) {
        arena[records[z].y + start + i] = arena[x + i] * inverse;
    }
    if (is_row && local % LANES == 0u) {
        arena[records[z].inverse + row] = select(-inverse, inverse, squares > 1.0e-12);
    }
}

fn backward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let start = row * records[z].width;
    let n = select(0u, records[z].width, is_row);
    let y = records[z].y + start;
    let dy = records[z].dy + start;
    let inverse = arena[records[z].inverse + select(0u, row, is_row)];
    // Below the smallest length the scale is a constant.
    let along = select(0.0, row_dot(y, dy, n, local), inverse > 0.0);
    for (var i = local % LANES; i < n; i += LANES) {
        let gradient = (arena[dy + i] - arena[y + i] * along) * abs(inverse);
        put(records[z].dx + start + i, gradient, records[z].accumulate);
    }
}
