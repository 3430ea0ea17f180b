// The scalar product. Forward: by rows. Backward: one thread per number of a vector.

fn forward_row(record: Record, row: u32, lane: u32) {
    let start = row * record.width;
    let y = row_dot(record.a + start, record.b + start, record.width, lane);
    if (lane == 0u) {
        arena[record.y + row] = y;
    }
}

fn backward_at(record: Record, i: u32) {
    let dy = arena[record.y + i / record.width];
    if (record.da != NOWHERE) {
        put(record.da + i, dy * arena[record.b + i], record.accumulate_a);
    }
    if (record.db != NOWHERE) {
        put(record.db + i, dy * arena[record.a + i], record.accumulate_b);
    }
}
