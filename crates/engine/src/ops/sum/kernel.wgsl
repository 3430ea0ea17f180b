// Weighted sum, one thread per number. A term is listed as: x or its gradient, factor, whether to add to the gradient.

struct Record {
    y: u32, // backward: gradient of y
    per_row: u32,
    terms: u32,
    @size(244) n_terms: u32,
}

fn forward_at(z: u32, i: u32) {
    var sum = 0.0;
    for (var t = 0u; t < records[z].n_terms; t += 1u) {
        sum += bitcast<f32>(listed(records[z].terms, t, 1u)) * arena[listed(records[z].terms, t, 0u) + i];
    }
    arena[records[z].y + i] = sum;
}

fn backward_at(z: u32, i: u32) {
    let dy = arena[records[z].y + i];
    for (var t = 0u; t < records[z].n_terms; t += 1u) {
        let factor = bitcast<f32>(listed(records[z].terms, t, 1u));
        put(listed(records[z].terms, t, 0u) + i, factor * dy, listed(records[z].terms, t, 2u));
    }
}
