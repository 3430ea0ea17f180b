// The pairwise interaction. Forward: by rows. Backward: one thread per number of a vector. A term has the entries: x, its
// gradient or NOWHERE, whether to add to the gradient.

fn forward_row(record: Record, row: u32, lane: u32) {
    let start = row * record.width;
    let n = record.width;
    var total = 0.0;
    for (var i = lane; i < n; i += TEAM) {
        // Each vector is multiplied with the sum of those before it.
        var y = 0.0;
        var sum = 0.0;
        for (var t = 0u; t < record.n_terms; t += 1u) {
            let x = arena[listed(record.terms, t, 0u) + start + i];
            y += x * sum;
            sum += x;
        }
        arena[record.sums + start + i] = sum;
        total += y;
        if (record.summed == 0u) {
            arena[record.y + start + i] = y;
        }
    }
    total = all_sum(total, lane);
    if (record.summed != 0u && lane == 0u) {
        arena[record.y + row] = total;
    }
}

fn backward_at(record: Record, i: u32) {
    let dy = arena[record.y + select(i, i / record.width, record.summed != 0u)];
    let sum = arena[record.sums + i];
    for (var t = 0u; t < record.n_terms; t += 1u) {
        let dx = listed(record.terms, t, 1u);
        if (dx != NOWHERE) {
            let x = arena[listed(record.terms, t, 0u) + i];
            put(dx + i, dy * (sum - x), listed(record.terms, t, 2u));
        }
    }
}
