// The mask, one thread per step of a row.

fn forward_at(record: Record, i: u32) {
    let length = record.per_row;
    var mask = 0.0;
    switch (record.rule) {
        case 0u: { mask = select(1.0, 0.0, datum(record.a, length, i / length, i % length) == 0u); }
        case 1u: { mask = arena[record.a + i] * arena[record.b + i]; }
        case 3u: {
            let position = i / length * record.source_length + i % length * record.b;
            mask = arena[record.a + position];
        }
        default: { mask = max(arena[record.a + i], arena[record.b + i]); }
    }
    arena[record.y + i] = mask;
}
