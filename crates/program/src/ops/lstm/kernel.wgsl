// The cell of an LSTM; `recurrence.wgsl` applies it to the sequence.

const GATES: u32 = 4u;

// h after a step, from h before it and h U.
fn cell(record: Record, here: Step, h: f32, product: vec4<f32>) -> f32 {
    let units = record.units;
    var c = 0.0;
    if (!here.is_first) {
        c = arena[record.inner + here.before * units + here.unit];
    }
    var h_next = h;
    if (here.counts) {
        let gate = record.gates + here.place * 4u * units + here.unit;
        let i = sigmoid(arena[gate] + product.x);
        let f = sigmoid(arena[gate + units] + product.y);
        let g = tanh_(arena[gate + 2u * units] + product.z);
        let o = sigmoid(arena[gate + 3u * units] + product.w);
        arena[gate] = i;
        arena[gate + units] = f;
        arena[gate + 2u * units] = g;
        arena[gate + 3u * units] = o;
        c = f * c + i * g;
        h_next = o * tanh_(c);
    }
    arena[record.inner + here.place * units + here.unit] = c;
    return h_next;
}

// dz of a step. On entry `back` is dh and dc after the step, on return the parts before it that do not pass through U.
fn cell_gradient(record: Record, here: Step, back: ptr<function, vec2<f32>>) -> vec4<f32> {
    if (!here.counts) {
        return vec4<f32>(0.0);
    }
    let units = record.units;
    let gate = record.gates + here.place * 4u * units + here.unit;
    let i = arena[gate];
    let f = arena[gate + units];
    let g = arena[gate + 2u * units];
    let o = arena[gate + 3u * units];
    let squashed = tanh_(arena[record.inner + here.place * units + here.unit]);
    var last = 0.0;
    if (!here.is_first) {
        last = arena[record.inner + here.before * units + here.unit];
    }
    let dh = (*back).x;
    let dc = (*back).y + dh * o * (1.0 - squashed * squashed);
    *back = vec2<f32>(0.0, dc * f);
    return vec4<f32>(
        dc * g * i * (1.0 - i),
        dc * last * f * (1.0 - f),
        dc * i * (1.0 - g * g),
        dh * squashed * o * (1.0 - o),
    );
}
