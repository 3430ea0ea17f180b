// Softmax, cross-entropy and its gradient. The score is 1 if no class is more probable than the right one.

fn forward_row(record: Record, row: u32, lane: u32) {
    let n_classes = record.n_classes;
    let logits = record.logits + row * n_classes;
    let probabilities = record.probabilities + row * n_classes;
    let sum = exponentials(logits, probabilities, n_classes, NOWHERE, 1.0, lane);
    let class_idx = class_of(datum(record.targets, 1u, row, 0u), n_classes);
    let weight = class_weight(record.weights, class_idx);
    if (lane == 0u) {
        var loss = 0.0;
        var score = 0.0;
        if (class_idx != NOWHERE) {
            let logit = arena[logits + class_idx];
            loss = weight * ((sum.x - logit) + log_(sum.y));
            score = select(0.0, 1.0, logit >= sum.x);
        }
        arena[record.rows + row] = loss;
        arena[record.rows + record.max_rows + row] = score;
    }
    let share = 1.0 / sum.y;
    let factor = weight * task_factor(record.task);
    for (var i = lane; i < n_classes; i += TEAM) {
        let p = arena[probabilities + i] * share;
        arena[probabilities + i] = p;
        if (record.dz != NOWHERE) {
            let gradient = factor * (p - select(0.0, 1.0, i == class_idx));
            put(record.dz + row * n_classes + i, gradient, record.accumulate);
        }
    }
}
