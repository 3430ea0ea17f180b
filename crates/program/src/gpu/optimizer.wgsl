// One step of an optimizer over a range of the flat buffers. The constants of the step are in the order in which
// `step.rs` writes them. Gradients are set to 0 afterwards, so that those of an embedding are 0 except for the rows that
// the next batch looks up.

fn constants() -> vec4<f32> {
    return bitcast<vec4<f32>>(step[1]);
}

fn take_gradient(record: Record, at: u32) -> f32 {
    var gradient = gradients[at];
    gradients[at] = 0.0;
    if (record.factor != NOWHERE) {
        gradient *= arena[record.factor];
    }
    if (record.threshold > 0.0) {
        gradient = clamp(gradient, -record.threshold, record.threshold);
    }
    return gradient;
}

fn sgd_at(record: Record, i: u32) {
    let at = record.start + i;
    values[at] -= take_gradient(record, at) * constants().x;
}

fn momentum_at(record: Record, i: u32) {
    let at = record.start + i;
    let pull = take_gradient(record, at) * constants().x;
    let velocity = slot_0[at] * constants().y - pull;
    slot_0[at] = velocity;
    values[at] += velocity;
}

fn nesterov_at(record: Record, i: u32) {
    let at = record.start + i;
    let pull = take_gradient(record, at) * constants().x;
    let velocity = slot_0[at] * constants().y - pull;
    slot_0[at] = velocity;
    values[at] += velocity * constants().y - pull;
}

fn adagrad_at(record: Record, i: u32) {
    let at = record.start + i;
    let gradient = take_gradient(record, at);
    let accumulator = slot_0[at] + gradient * gradient;
    slot_0[at] = accumulator;
    values[at] -= constants().x * gradient / sqrt(accumulator + constants().y);
}

fn adam_decrement(record: Record, at: u32) -> f32 {
    let gradient = take_gradient(record, at);
    let old_mean = slot_0[at];
    let old_square = slot_1[at];
    let mean = old_mean + (gradient - old_mean) * constants().y;
    let square = old_square + (gradient * gradient - old_square) * constants().z;
    slot_0[at] = mean;
    slot_1[at] = square;
    return mean * constants().x / (sqrt(square) + constants().w);
}

fn adam_at(record: Record, i: u32) {
    let at = record.start + i;
    values[at] -= adam_decrement(record, at);
}

fn adamw_at(record: Record, i: u32) {
    let at = record.start + i;
    let more = bitcast<vec4<f32>>(step[2]);
    let decayed = values[at] - values[at] * more.x * more.y;
    values[at] = decayed - adam_decrement(record, at);
}
