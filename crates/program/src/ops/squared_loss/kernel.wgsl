// Squared error and its gradient, one thread per row. The score is the absolute error.

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
