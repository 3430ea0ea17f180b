// Sigmoid, cross-entropy and its gradient, one thread per row. The score is 1 where the likelier class is the right one.

struct Record {
    logits: u32,
    probabilities: u32,
    targets: u32, // word of the step that says where they start
    task: u32,
    weights: vec2<f32>,
    rows: u32, // losses per row, then scores per row
    max_rows: u32,
    dz: u32, // NOWHERE: not wanted
    accumulate: u32,
    @size(216) per_row: u32,
}

fn forward_at(record: Record, row: u32) {
    let bits = datum(record.targets, 1u, row, 0u);
    let known = !is_nan_bits(bits);
    let y = select(0.0, bitcast<f32>(bits), known);
    let logit = arena[record.logits + row];
    let p = sigmoid(logit);
    arena[record.probabilities + row] = p;
    let weight = select(0.0, select(record.weights.x, record.weights.y, y >= 0.5), known);
    arena[record.rows + row] = weight * (softplus(logit) - y * logit);
    let right = known && (p >= 0.5) == (y >= 0.5);
    arena[record.rows + record.max_rows + row] = select(0.0, 1.0, right);
    if (record.dz != NOWHERE) {
        put(record.dz + row, task_factor(record.task) * weight * (p - y), record.accumulate);
    }
}
