// One step of an optimizer over a range of the flat buffers. Constants come with the step, in the order in which
// `step.rs` writes them. Gradients are set to 0 on the way, so that those of an embedding are 0 but for the rows that
// the next batch touches.

struct Record {
    start: u32,
    length: u32,
    factor: u32, // where in the arena clipping by norm has left its factor
    @size(244) threshold: f32, // of clipping by value; 0: off
}

fn take_gradient(z: u32, at: u32) -> f32 {
    var gradient = gradients[at];
    gradients[at] = 0.0;
    if (records[z].factor != NOWHERE) {
        gradient *= arena[records[z].factor];
    }
    if (records[z].threshold > 0.0) {
        gradient = clamp(gradient, -records[z].threshold, records[z].threshold);
    }
    return gradient;
}

fn sgd_at(z: u32, i: u32) {
    let at = records[z].start + i;
    values[at] -= take_gradient(z, at) * constant(0u);
}

fn momentum_at(z: u32, i: u32) {
    let at = records[z].start + i;
    let pull = take_gradient(z, at) * constant(0u);
    let velocity = slot_0[at] * constant(1u) - pull;
    slot_0[at] = velocity;
    values[at] += velocity;
}

fn nesterov_at(z: u32, i: u32) {
    let at = records[z].start + i;
    let pull = take_gradient(z, at) * constant(0u);
    let velocity = slot_0[at] * constant(1u) - pull;
    slot_0[at] = velocity;
    values[at] += velocity * constant(1u) - pull;
}

fn adagrad_at(z: u32, i: u32) {
    let at = records[z].start + i;
    let gradient = take_gradient(z, at);
    let accumulator = slot_0[at] + gradient * gradient;
    slot_0[at] = accumulator;
    values[at] -= constant(0u) * gradient / sqrt(accumulator + constant(1u));
}

fn adam_decrement(z: u32, at: u32) -> f32 {
    let gradient = take_gradient(z, at);
    let mean = slot_0[at] + (gradient - slot_0[at]) * constant(1u);
    let square = slot_1[at] + (gradient * gradient - slot_1[at]) * constant(2u);
    slot_0[at] = mean;
    slot_1[at] = square;
    return mean * constant(0u) / (sqrt(square) + constant(3u));
}

fn adam_at(z: u32, i: u32) {
    let at = records[z].start + i;
    values[at] -= adam_decrement(z, at);
}

fn adamw_at(z: u32, i: u32) {
    let at = records[z].start + i;
    let decayed = values[at] - values[at] * constant(4u) * constant(5u);
    values[at] = decayed - adam_decrement(z, at);
}
