// Attention pooling, by rows of the batch.

struct Record {
    x: u32,
    scores: u32,
    mask: u32, // NOWHERE: every step counts
    y: u32,
    weights: u32,
    length: u32,
    width: u32,
    steps: u32,
    dy: u32,
    dx: u32, // NOWHERE: not wanted
    accumulate_x: u32,
    d_scores: u32, // NOWHERE: not wanted
    @size(208) accumulate_scores: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let width = records[z].width;
    let length = records[z].length;
    let start = row * length;
    let weights = records[z].weights + start;
    let mask = select(records[z].mask + start, NOWHERE, records[z].mask == NOWHERE);
    softmax(records[z].scores + start, weights, select(0u, length, is_row), mask, 1.0, local);
    storageBarrier();
    for (var i = local % LANES; i < select(0u, width, is_row); i += LANES) {
        var sum = 0.0;
        for (var t = 0u; t < length; t += 1u) {
            sum += arena[weights + t] * arena[records[z].x + (start + t) * width + i];
        }
        arena[records[z].y + row * width + i] = sum;
    }
}

fn backward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let width = records[z].width;
    let n = select(0u, records[z].length, is_row);
    let start = row * records[z].length;
    let weights = records[z].weights + start;
    let dy = records[z].dy + row * width;
    let mean = row_dot(records[z].y + row * width, dy, select(0u, width, is_row), local);
    if (records[z].d_scores != NOWHERE) {
        for (var t = local % LANES; t < n; t += LANES) {
            let x = records[z].x + (start + t) * width;
            var dot = 0.0;
            for (var i = 0u; i < width; i += 1u) {
                dot += arena[x + i] * arena[dy + i];
            }
            put(records[z].d_scores + start + t, arena[weights + t] * (dot - mean), records[z].accumulate_scores);
        }
    }
    if (records[z].dx != NOWHERE) {
        for (var i = local % LANES; i < n * width; i += LANES) {
            let gradient = arena[weights + i / width] * arena[dy + i % width];
            put(records[z].dx + start * width + i, gradient, records[z].accumulate_x);
        }
    }
}
