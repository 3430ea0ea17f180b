// Copy of columns, one thread per number.

fn forward_at(record: Record, i: u32) {
    let row = i / record.width;
    let column = i % record.width;
    arena[record.y + row * record.y_width + record.y_start + column] =
        arena[record.x + row * record.x_width + record.x_start + column];
}

fn backward_at(record: Record, i: u32) {
    let x_width = record.x_width;
    // Below x_start the difference wraps around and is too large as well.
    let column = i % x_width - record.x_start;
    var gradient = 0.0;
    if (column < record.width) {
        gradient = arena[record.y + i / x_width * record.y_width + record.y_start + column];
    }
    put(record.x + i, gradient, record.accumulate);
}
