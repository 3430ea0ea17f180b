// Pooling: one thread per column of a row, over the steps.

struct Record {
    rule: u32, // 0 mean, 1 max, 2 sum
    x: u32,
    mask: u32,
    y: u32,
    length: u32,
    per_row: u32,
    dy: u32,
    dx: u32,
    @size(224) accumulate: u32,
}

fn forward_at(z: u32, i: u32) {
    let width = records[z].per_row;
    let steps = i / width * records[z].length;
    var n_steps = 0.0;
    var y = 0.0;
    for (var t = steps; t < steps + records[z].length; t += 1u) {
        if (counts(records[z].mask, t)) {
            let x = arena[records[z].x + t * width + i % width];
            if (records[z].rule != 1u) {
                y += x;
            } else if (n_steps == 0.0 || x > y) {
                y = x;
            }
            n_steps += 1.0;
        }
    }
    if (records[z].rule == 0u) {
        y *= 1.0 / max(n_steps, 1.0);
    }
    arena[records[z].y + i] = y;
}

fn reaches(z: u32, t: u32, at: u32, y: f32) -> bool {
    return counts(records[z].mask, t) && (records[z].rule != 1u || arena[records[z].x + at] == y);
}

fn backward_at(z: u32, i: u32) {
    let width = records[z].per_row;
    let steps = i / width * records[z].length;
    let end = steps + records[z].length;
    let y = arena[records[z].y + i];
    var n_steps = 0.0;
    for (var t = steps; t < end; t += 1u) {
        n_steps += select(0.0, 1.0, reaches(z, t, t * width + i % width, y));
    }
    var share = arena[records[z].dy + i];
    if (records[z].rule != 2u) {
        share *= 1.0 / max(n_steps, 1.0);
    }
    for (var t = steps; t < end; t += 1u) {
        let at = t * width + i % width;
        put(records[z].dx + at, select(0.0, share, reaches(z, t, at, y)), records[z].accumulate);
    }
}
