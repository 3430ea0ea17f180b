// Weighted sum, one thread per number. A term has the entries: x or its gradient, factor, whether to add to the gradient.

fn forward_at(record: Record, i: u32) {
    var sum = 0.0;
    for (var t = 0u; t < record.n_terms; t += 1u) {
        sum += bitcast<f32>(listed(record.terms, t, 1u)) * arena[listed(record.terms, t, 0u) + i];
    }
    arena[record.y + i] = sum;
}

fn backward_at(record: Record, i: u32) {
    let dy = arena[record.y + i];
    for (var t = 0u; t < record.n_terms; t += 1u) {
        let factor = bitcast<f32>(listed(record.terms, t, 1u));
        put(listed(record.terms, t, 0u) + i, factor * dy, listed(record.terms, t, 2u));
    }
}
