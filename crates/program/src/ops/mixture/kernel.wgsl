// Mixture of experts. Forward: one thread per number. Backward: one thread per number for the experts, then one per
// step and expert for the weights. An expert is listed as: x, its gradient or NOWHERE, whether to add to the gradient.

fn forward_at(record: Record, i: u32) {
    let weights = record.weights + i / record.width * record.n_experts;
    var sum = 0.0;
    for (var e = 0u; e < record.n_experts; e += 1u) {
        sum += arena[weights + e] * arena[listed(record.experts, e, 0u) + i];
    }
    arena[record.y + i] = sum;
}

fn backward_at(record: Record, i: u32) {
    let width = record.width;
    let n_experts = record.n_experts;
    let n_outputs = n_rows() * record.steps * width;
    if (i < n_outputs) {
        let weights = record.weights + i / width * n_experts;
        let dy = arena[record.y + i];
        for (var e = 0u; e < n_experts; e += 1u) {
            let dx = listed(record.experts, e, 1u);
            if (dx != NOWHERE) {
                put(dx + i, arena[weights + e] * dy, listed(record.experts, e, 2u));
            }
        }
    } else {
        let row = (i - n_outputs) / n_experts * width;
        let x = listed(record.experts, (i - n_outputs) % n_experts, 0u) + row;
        let dy = record.y + row;
        var dot = 0.0;
        for (var column = 0u; column < width; column += 1u) {
            dot += arena[x + column] * arena[dy + column];
        }
        put(record.d_weights + i - n_outputs, dot, record.accumulate);
    }
}
