// The mask, one thread per step of a row.

struct Record {
    rule: u32, // 0 known ids, 1 both, 2 either, 3 every b-th step of a
    a: u32,    // known ids: the word of the step that says where the ids start
    b: u32,
    y: u32,
    per_row: u32,
    @size(236) source_length: u32,
}

fn forward_at(z: u32, i: u32) {
    let length = records[z].per_row;
    var mask = 0.0;
    switch (records[z].rule) {
        case 0u: { mask = select(1.0, 0.0, datum(records[z].a, length, i / length, i % length) == 0u); }
        case 1u: { mask = arena[records[z].a + i] * arena[records[z].b + i]; }
        case 3u: {
            let position = i / length * records[z].source_length + i % length * records[z].b;
            mask = arena[records[z].a + position];
        }
        default: { mask = max(arena[records[z].a + i], arena[records[z].b + i]); }
    }
    arena[records[z].y + i] = mask;
}
