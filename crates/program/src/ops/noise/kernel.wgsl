// Noise, one thread per number; the same draws as on the CPU. Its gradient is that of a sum of one term.

// A multiple of 2^-24 in (0, 1].
fn uniform_(record: Record, counter: u32) -> f32 {
    return f32(draw(record.key, counter) + 1u) * 5.9604644775390625e-8;
}

// cos(2 pi u) for 0 <= u <= 1: the nearest multiple of a quarter turn is subtracted exactly.
fn cos_turns(u: f32) -> f32 {
    let quarter = floor(4.0 * u + 0.5);
    let r = (u - 0.25 * quarter) * 6.28318530718;
    let w = r * r;
    var s = -1.9515295891e-4;
    s = s * w + 8.3321608736e-3;
    s = s * w - 1.6666654611e-1;
    s = s * w * r + r;
    var c = 2.443315711809948e-5;
    c = c * w - 1.388731625493765e-3;
    c = c * w + 4.166664568298827e-2;
    c = c * w * w - 0.5 * w + 1.0;
    let turned = select(c, s, u32(quarter) % 2u == 1u);
    return select(turned, -turned, quarter == 1.0 || quarter == 2.0);
}

fn forward_at(record: Record, i: u32) {
    var y = arena[record.x + i];
    if (is_training() && record.deviation > 0.0) {
        let radius = sqrt(-2.0 * log_(uniform_(record, 2u * i)));
        y += record.deviation * radius * cos_turns(uniform_(record, 2u * i + 1u));
    }
    arena[record.y + i] = y;
}
