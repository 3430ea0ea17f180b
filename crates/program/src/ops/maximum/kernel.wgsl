// The largest input, one thread per number. A term has the entries: x, its gradient or NOWHERE, whether to add to the gradient.

fn forward_at(record: Record, i: u32) {
    var y = arena[listed(record.terms, 0u, 0u) + i];
    for (var t = 1u; t < record.n_terms; t += 1u) {
        y = max(y, arena[listed(record.terms, t, 0u) + i]);
    }
    arena[record.y + i] = y;
}

fn backward_at(record: Record, i: u32) {
    let y = arena[record.y + i];
    var n = 0.0;
    for (var t = 0u; t < record.n_terms; t += 1u) {
        n += select(0.0, 1.0, arena[listed(record.terms, t, 0u) + i] == y);
    }
    let share = arena[record.dy + i] / n;
    for (var t = 0u; t < record.n_terms; t += 1u) {
        let dx = listed(record.terms, t, 1u);
        if (dx != NOWHERE) {
            let reaches = arena[listed(record.terms, t, 0u) + i] == y;
            put(dx + i, select(0.0, share, reaches), listed(record.terms, t, 2u));
        }
    }
}
