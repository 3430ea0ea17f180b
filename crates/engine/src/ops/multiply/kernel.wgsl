// Product, one thread per number. A factor is listed as: x, its gradient or NOWHERE, whether to add to the gradient.

struct Record {
    y: u32, // backward: gradient of y
    per_row: u32,
    terms: u32,
    @size(244) n_terms: u32,
}

// All factors but one.
fn product(z: u32, i: u32, but: u32) -> f32 {
    var y = 1.0;
    for (var t = 0u; t < records[z].n_terms; t += 1u) {
        if (t != but) {
            y *= arena[listed(records[z].terms, t, 0u) + i];
        }
    }
    return y;
}

fn forward_at(z: u32, i: u32) {
    arena[records[z].y + i] = product(z, i, NOWHERE);
}

fn backward_at(z: u32, i: u32) {
    let dy = arena[records[z].y + i];
    for (var t = 0u; t < records[z].n_terms; t += 1u) {
        let dx = listed(records[z].terms, t, 1u);
        if (dx != NOWHERE) {
            put(dx + i, dy * product(z, i, t), listed(records[z].terms, t, 2u));
        }
    }
}
