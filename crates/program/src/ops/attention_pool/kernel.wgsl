// Attention pooling, by rows of the batch.

fn forward_row(record: Record, row: u32, lane: u32) {
    let width = record.width;
    let length = record.length;
    let start = row * length;
    let weights = record.weights + start;
    let mask = select(record.mask + start, NOWHERE, record.mask == NOWHERE);
    softmax(record.scores + start, weights, length, mask, 1.0, lane);
    meet();
    for (var i = lane; i < width; i += TEAM) {
        var sum = 0.0;
        for (var t = 0u; t < length; t += 1u) {
            sum += arena[weights + t] * arena[record.x + (start + t) * width + i];
        }
        arena[record.y + row * width + i] = sum;
    }
}

fn backward_row(record: Record, row: u32, lane: u32) {
    let width = record.width;
    let n = record.length;
    let start = row * record.length;
    let weights = record.weights + start;
    let dy = record.dy + row * width;
    let mean = row_dot(record.y + row * width, dy, width, lane);
    if (record.d_scores != NOWHERE) {
        for (var t = lane; t < n; t += TEAM) {
            let x = record.x + (start + t) * width;
            var dot = 0.0;
            for (var i = 0u; i < width; i += 1u) {
                dot += arena[x + i] * arena[dy + i];
            }
            put(record.d_scores + start + t, arena[weights + t] * (dot - mean), record.accumulate_scores);
        }
    }
    if (record.dx != NOWHERE) {
        for (var i = lane; i < n * width; i += TEAM) {
            let gradient = arena[weights + i / width] * arena[dy + i % width];
            put(record.dx + start * width + i, gradient, record.accumulate_x);
        }
    }
}
