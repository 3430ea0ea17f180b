// Squared error and its gradient, one thread per row. The score is the absolute error.

struct Record {
    logits: u32,
    targets: u32, // word of the step that says where they start
    task: u32,
    rows: u32, // losses per row, then scores per row
    max_rows: u32,
    dz: u32, // NOWHERE: not wanted
    accumulate: u32,
    @size(228) per_row: u32,
}

fn forward_at(record: Record, row: u32) {
    let bits = datum(record.targets, 1u, row, 0u);
    let logit = arena[record.logits + row];
    let error = select(logit - bitcast<f32>(bits), 0.0, is_nan_bits(bits));
    arena[record.rows + row] = error * error;
    arena[record.rows + record.max_rows + row] = abs(error);
    if (record.dz != NOWHERE) {
        put(record.dz + row, 2.0 * task_factor(record.task) * error, record.accumulate);
    }
}
