// Product that is broadcast over steps. Forward: one thread per number. Backward: one thread per number of x, then one per number
// of the gate, over the steps.

fn forward_at(record: Record, i: u32) {
    let width = record.width;
    let row = i / (record.steps * width);
    arena[record.y + i] = arena[record.x + i] * arena[record.gate + row * width + i % width];
}

fn backward_at(record: Record, i: u32) {
    let width = record.width;
    let size = record.steps * width;
    let n_inputs = n_rows() * size;
    if (i < n_inputs) {
        if (record.dx != NOWHERE) {
            let gate = arena[record.gate + i / size * width + i % width];
            put(record.dx + i, arena[record.y + i] * gate, record.accumulate);
        }
    } else {
        let at = (i - n_inputs) / width * size + i % width;
        var sum = 0.0;
        for (var t = 0u; t < size; t += width) {
            sum += arena[record.x + at + t] * arena[record.y + at + t];
        }
        put(record.d_gate + i - n_inputs, sum, record.accumulate_gate);
    }
}
