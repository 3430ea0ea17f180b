// Dropout, one thread per number; the same draws as on the CPU.

fn forward_at(record: Record, i: u32) {
    var kept = 1.0;
    if (is_training() && record.threshold > 0u) {
        kept = select(0.0, record.scale, draw(record.key, i) >= record.threshold);
    }
    arena[record.kept + i] = kept;
    arena[record.y + i] = arena[record.x + i] * kept;
}

fn backward_at(record: Record, i: u32) {
    put(record.x + i, arena[record.y + i] * arena[record.kept + i], record.accumulate);
}
