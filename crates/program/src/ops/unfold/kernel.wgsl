// Windows, concatenated. Forward: one thread per number of the windows. Backward: one per number of the input, which
// adds up the windows that contain it, in order.

fn forward_at(record: Record, i: u32) {
    let place = i / record.width;
    let row = place / (record.window * record.out_length);
    let out = place / record.window % record.out_length;
    // Before the start the index wraps around and is too large as well.
    let step = out * record.stride + place % record.window - record.before;
    var y = 0.0;
    if (step < record.length) {
        let at = row * record.length + step;
        if (counts(record.mask, at)) {
            y = arena[record.x + at * record.width + i % record.width];
        }
    }
    arena[record.y + i] = y;
}

fn backward_at(record: Record, i: u32) {
    let width = record.width;
    let place = i / width;
    let windows = place / record.length * record.out_length;
    var sum = 0.0;
    if (counts(record.mask, place)) {
        let start = place % record.length + record.before;
        for (var offset = min(record.window, start + 1u); offset > 0u; offset -= 1u) {
            let first = start + 1u - offset;
            let out = first / record.stride;
            if (first % record.stride == 0u && out < record.out_length) {
                let at = (windows + out) * record.window + offset - 1u;
                sum += arena[record.y + at * width + i % width];
            }
        }
    }
    put(record.x + i, sum, record.accumulate);
}
