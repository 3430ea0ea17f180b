// Gradients of regularisers and ties: `g += 2 l2 w + l1 sign(w) + 2 strength (w - other)`.

fn add_at(record: Record, i: u32) {
    let at = record.start + i;
    let value = values[at];
    var pull = record.twice_l2 * value + record.l1 * sign(value);
    if (record.other != NOWHERE) {
        pull += record.twice_strength * (value - values[record.other + i]);
    }
    gradients[at] += pull;
}
