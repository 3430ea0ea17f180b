// Softmax, cross-entropy and its gradient. The score is 1 where no class is likelier than the right one.

struct Record {
    logits: u32,
    probabilities: u32,
    targets: u32, // word of the step that says where they start
    task: u32,
    n_classes: u32,
    weights: u32, // where in `index`; NOWHERE: 1
    rows: u32, // losses per row, then scores per row
    max_rows: u32,
    dz: u32, // NOWHERE: not wanted
    accumulate: u32,
    @size(216) steps: u32,
}

fn forward_row(z: u32, row: u32, is_row: bool, local: u32) {
    let n_classes = records[z].n_classes;
    let n = select(0u, n_classes, is_row);
    let logits = records[z].logits + row * n_classes;
    let probabilities = records[z].probabilities + row * n_classes;
    let sum = exponentials(logits, probabilities, n, NOWHERE, 1.0, local);
    var class_idx = NOWHERE;
    if (is_row) {
        class_idx = class_of(datum(records[z].targets, 1u, row, 0u), n_classes);
    }
    let weight = class_weight(records[z].weights, class_idx);
    if (local % LANES == 0u && is_row) {
        var loss = 0.0;
        var score = 0.0;
        if (class_idx != NOWHERE) {
            let logit = arena[logits + class_idx];
            loss = weight * ((sum.x - logit) + log_(sum.y));
            score = select(0.0, 1.0, logit >= sum.x);
        }
        arena[records[z].rows + row] = loss;
        arena[records[z].rows + records[z].max_rows + row] = score;
    }
    let share = 1.0 / sum.y;
    let factor = weight * task_factor(records[z].task);
    for (var i = local % LANES; i < n; i += LANES) {
        let p = arena[probabilities + i] * share;
        arena[probabilities + i] = p;
        if (records[z].dz != NOWHERE) {
            let gradient = factor * (p - select(0.0, 1.0, i == class_idx));
            put(records[z].dz + row * n_classes + i, gradient, records[z].accumulate);
        }
    }
}
