// Sigmoid, cross-entropy and its gradient, one thread per row, over its labels. The score is the number of known labels
// whose more probable class is the right one.

fn forward_at(record: Record, row: u32) {
    let n = record.n_labels;
    var loss = 0.0;
    var score = 0.0;
    for (var label = 0u; label < n; label += 1u) {
        let bits = datum(record.targets, n, row, label);
        let known = !is_nan_bits(bits);
        let y = select(0.0, bitcast<f32>(bits), known);
        let at = row * n + label;
        let logit = arena[record.logits + at];
        let p = sigmoid(logit);
        arena[record.probabilities + at] = p;
        let class_idx = select(NOWHERE, 2u * label + select(0u, 1u, y >= 0.5), known);
        let weight = class_weight(record.weights, class_idx);
        loss += weight * (softplus(logit) - y * logit);
        score += select(0.0, 1.0, known && (p >= 0.5) == (y >= 0.5));
        if (record.dz != NOWHERE) {
            put(record.dz + at, task_factor(record.task) * weight * (p - y), record.accumulate);
        }
    }
    arena[record.rows + row] = loss;
    arena[record.rows + record.max_rows + row] = score;
}
