// Windows side by side. Forward: one thread per number of the windows. Backward: one per number of the input, which
// adds up the windows that it is in, in their order.

struct Record {
    x: u32, // backward: gradient of x
    mask: u32, // NOWHERE: every step counts
    y: u32, // backward: gradient of y
    length: u32,
    width: u32,
    window: u32,
    stride: u32,
    before: u32,
    out_length: u32,
    accumulate: u32,
    @size(216) per_row: u32,
}

fn forward_at(z: u32, i: u32) {
    let place = i / records[z].width;
    let row = place / (records[z].window * records[z].out_length);
    let out = place / records[z].window % records[z].out_length;
    // Before the start it wraps around and is too large as well.
    let step = out * records[z].stride + place % records[z].window - records[z].before;
    var y = 0.0;
    if (step < records[z].length) {
        let at = row * records[z].length + step;
        if (counts(records[z].mask, at)) {
            y = arena[records[z].x + at * records[z].width + i % records[z].width];
        }
    }
    arena[records[z].y + i] = y;
}

fn backward_at(z: u32, i: u32) {
    let width = records[z].width;
    let place = i / width;
    let windows = place / records[z].length * records[z].out_length;
    var sum = 0.0;
    if (counts(records[z].mask, place)) {
        let start = place % records[z].length + records[z].before;
        for (var offset = min(records[z].window, start + 1u); offset > 0u; offset -= 1u) {
            let first = start + 1u - offset;
            let out = first / records[z].stride;
            if (first % records[z].stride == 0u && out < records[z].out_length) {
                let at = (windows + out) * records[z].window + offset - 1u;
                sum += arena[records[z].y + at * width + i % width];
            }
        }
    }
    put(records[z].x + i, sum, records[z].accumulate);
}
