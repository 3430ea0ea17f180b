// Mixture of experts. Forward: one thread per number. Backward: one thread per number for the experts, then one per
// step and expert for the weights. An expert is listed as: x, its gradient or NOWHERE, whether to add to the gradient.

struct Record {
    weights: u32,
    y: u32, // backward: gradient of y
    width: u32,
    experts: u32,
    n_experts: u32,
    d_weights: u32, // NOWHERE: not wanted
    accumulate: u32, // to the gradient of the weights
    steps: u32,
    @size(224) per_row: u32,
}

fn forward_at(z: u32, i: u32) {
    let weights = records[z].weights + i / records[z].width * records[z].n_experts;
    var sum = 0.0;
    for (var e = 0u; e < records[z].n_experts; e += 1u) {
        sum += arena[weights + e] * arena[listed(records[z].experts, e, 0u) + i];
    }
    arena[records[z].y + i] = sum;
}

fn backward_at(z: u32, i: u32) {
    let width = records[z].width;
    let n_experts = records[z].n_experts;
    let n_outputs = n_rows() * records[z].steps * width;
    if (i < n_outputs) {
        let weights = records[z].weights + i / width * n_experts;
        let dy = arena[records[z].y + i];
        for (var e = 0u; e < n_experts; e += 1u) {
            let dx = listed(records[z].experts, e, 1u);
            if (dx != NOWHERE) {
                put(dx + i, arena[weights + e] * dy, listed(records[z].experts, e, 2u));
            }
        }
    } else {
        let row = (i - n_outputs) / n_experts * width;
        let x = listed(records[z].experts, (i - n_outputs) % n_experts, 0u) + row;
        let dy = records[z].y + row;
        var dot = 0.0;
        for (var column = 0u; column < width; column += 1u) {
            dot += arena[x + column] * arena[dy + column];
        }
        put(records[z].d_weights + i - n_outputs, dot, records[z].accumulate);
    }
}
