// Dropout, one thread per number; the same draws as on the CPU.

struct Record {
    x: u32, // backward: its gradient
    y: u32, // backward: its gradient
    kept: u32,
    per_row: u32,
    threshold: u32, // 24 bits against the rate; 0: nothing is dropped
    scale: f32,
    key: u32, // word of the step where the key of the draws is
    @size(228) accumulate: u32,
}

fn forward_at(z: u32, i: u32) {
    var kept = 1.0;
    if (is_training() && records[z].threshold > 0u) {
        kept = select(0.0, records[z].scale, draw(records[z].key, i) >= records[z].threshold);
    }
    arena[records[z].kept + i] = kept;
    arena[records[z].y + i] = arena[records[z].x + i] * kept;
}

fn backward_at(z: u32, i: u32) {
    put(records[z].x + i, arena[records[z].y + i] * arena[records[z].kept + i], records[z].accumulate);
}
