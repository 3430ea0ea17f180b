// Gradients of regularisers and ties: `g += 2 l2 w + l1 sign(w) + 2 strength (w - other)`.

struct Record {
    start: u32,
    length: u32,
    other: u32, // start of the tied parameter
    l1: f32,
    twice_l2: f32,
    @size(236) twice_strength: f32,
}

fn add_at(z: u32, i: u32) {
    let at = records[z].start + i;
    let value = values[at];
    var pull = records[z].twice_l2 * value + records[z].l1 * sign(value);
    if (records[z].other != NOWHERE) {
        pull += records[z].twice_strength * (value - values[records[z].other + i]);
    }
    gradients[at] += pull;
}
