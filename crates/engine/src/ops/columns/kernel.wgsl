// Copy of columns, one thread per number.

struct Record {
    x: u32, // backward: gradient of x
    x_width: u32,
    x_start: u32,
    y: u32, // backward: gradient of y
    y_width: u32,
    y_start: u32,
    width: u32,
    accumulate: u32,
    @size(224) per_row: u32,
}

fn forward_at(z: u32, i: u32) {
    let row = i / records[z].width;
    let column = i % records[z].width;
    arena[records[z].y + row * records[z].y_width + records[z].y_start + column] =
        arena[records[z].x + row * records[z].x_width + records[z].x_start + column];
}

fn backward_at(z: u32, i: u32) {
    let x_width = records[z].x_width;
    // Below x_start it wraps around and is too large as well.
    let column = i % x_width - records[z].x_start;
    var gradient = 0.0;
    if (column < records[z].width) {
        gradient = arena[records[z].y + i / x_width * records[z].y_width + records[z].y_start + column];
    }
    put(records[z].x + i, gradient, records[z].accumulate);
}
