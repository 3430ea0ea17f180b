// Pooling: one thread per column of a row, over the steps.

fn forward_at(record: Record, i: u32) {
    let width = record.per_row;
    let steps = i / width * record.length;
    var n_steps = 0.0;
    var y = 0.0;
    for (var t = steps; t < steps + record.length; t += 1u) {
        if (counts(record.mask, t)) {
            let x = arena[record.x + t * width + i % width];
            if (record.rule != 1u) {
                y += x;
            } else if (n_steps == 0.0 || x > y) {
                y = x;
            }
            n_steps += 1.0;
        }
    }
    if (record.rule == 0u) {
        y *= 1.0 / max(n_steps, 1.0);
    }
    arena[record.y + i] = y;
}

fn reaches(record: Record, t: u32, at: u32, y: f32) -> bool {
    return counts(record.mask, t) && (record.rule != 1u || arena[record.x + at] == y);
}

fn backward_at(record: Record, i: u32) {
    let width = record.per_row;
    let steps = i / width * record.length;
    let end = steps + record.length;
    let y = arena[record.y + i];
    var n_steps = 0.0;
    for (var t = steps; t < end; t += 1u) {
        n_steps += select(0.0, 1.0, reaches(record, t, t * width + i % width, y));
    }
    var share = arena[record.dy + i];
    if (record.rule != 2u) {
        share *= 1.0 / max(n_steps, 1.0);
    }
    for (var t = steps; t < end; t += 1u) {
        let at = t * width + i % width;
        put(record.dx + at, select(0.0, share, reaches(record, t, at, y)), record.accumulate);
    }
}
