// Product, one thread per number. A factor has the entries: x, its gradient or NOWHERE, whether to add to the gradient.

// All factors but one.
fn product(record: Record, i: u32, but: u32) -> f32 {
    var y = 1.0;
    for (var t = 0u; t < record.n_terms; t += 1u) {
        if (t != but) {
            y *= arena[listed(record.terms, t, 0u) + i];
        }
    }
    return y;
}

fn forward_at(record: Record, i: u32) {
    arena[record.y + i] = product(record, i, NOWHERE);
}

fn backward_at(record: Record, i: u32) {
    let dy = arena[record.y + i];
    for (var t = 0u; t < record.n_terms; t += 1u) {
        let dx = listed(record.terms, t, 1u);
        if (dx != NOWHERE) {
            put(dx + i, dy * product(record, i, t), listed(record.terms, t, 2u));
        }
    }
}
