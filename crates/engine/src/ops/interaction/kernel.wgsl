// The pairwise interaction. Forward: by rows. Backward: one thread per number of a vector. A term is listed as: x, its
// gradient or NOWHERE, whether to add to the gradient.

struct Record {
    y: u32, // backward: gradient of y
    steps: u32,
    terms: u32,
    n_terms: u32,
    sums: u32,
    width: u32,
    @size(232) summed: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let start = row * records[z].width;
    let n = select(0u, records[z].width, is_row);
    var total = 0.0;
    for (var i = local % LANES; i < n; i += LANES) {
        // Each vector meets the sum of those before it.
        var y = 0.0;
        var sum = 0.0;
        for (var t = 0u; t < records[z].n_terms; t += 1u) {
            let x = arena[listed(records[z].terms, t, 0u) + start + i];
            y += x * sum;
            sum += x;
        }
        arena[records[z].sums + start + i] = sum;
        total += y;
        if (records[z].summed == 0u) {
            arena[records[z].y + start + i] = y;
        }
    }
    total = all_sum(total, local);
    if (is_row && records[z].summed != 0u && local % LANES == 0u) {
        arena[records[z].y + row] = total;
    }
}

fn backward_at(z: u32, i: u32) {
    let dy = arena[records[z].y + select(i, i / records[z].width, records[z].summed != 0u)];
    let sum = arena[records[z].sums + i];
    for (var t = 0u; t < records[z].n_terms; t += 1u) {
        let dx = listed(records[z].terms, t, 1u);
        if (dx != NOWHERE) {
            let x = arena[listed(records[z].terms, t, 0u) + i];
            put(dx + i, dy * (sum - x), listed(records[z].terms, t, 2u));
        }
    }
}
