// The scalar product. Forward: by rows. Backward: one thread per number of a vector.

struct Record {
    a: u32,
    b: u32,
    y: u32, // backward: gradient of y
    steps: u32,
    width: u32,
    da: u32, // NOWHERE: not wanted
    accumulate_a: u32,
    db: u32, // NOWHERE: not wanted
    @size(224) accumulate_b: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let start = row * records[z].width;
    let y = row_dot(records[z].a + start, records[z].b + start, select(0u, records[z].width, is_row), local);
    if (is_row && local % LANES == 0u) {
        arena[records[z].y + row] = y;
    }
}

fn backward_at(z: u32, i: u32) {
    let dy = arena[records[z].y + i / records[z].width];
    if (records[z].da != NOWHERE) {
        put(records[z].da + i, dy * arena[records[z].b + i], records[z].accumulate_a);
    }
    if (records[z].db != NOWHERE) {
        put(records[z].db + i, dy * arena[records[z].a + i], records[z].accumulate_b);
    }
}
