// The cell of a GRU; `recurrence.wgsl` applies it to the sequence.

const GATES: u32 = 3u;

// h after a step, from h before it and h U.
fn cell(record: Record, here: Step, h: f32, product: vec4<f32>) -> f32 {
    if (!here.counts) {
        return h;
    }
    let units = record.units;
    let gate = record.gates + here.place * 3u * units + here.unit;
    let bias = record.bias + here.unit;
    let inner = product.z + values[bias + 2u * units];
    let update = sigmoid(arena[gate] + (product.x + values[bias]));
    let reset = sigmoid(arena[gate + units] + (product.y + values[bias + units]));
    let candidate = tanh_(arena[gate + 2u * units] + reset * inner);
    arena[gate] = update;
    arena[gate + units] = reset;
    arena[gate + 2u * units] = candidate;
    arena[record.inner + here.place * units + here.unit] = inner;
    return update * h + (1.0 - update) * candidate;
}

// de of a step, and da in its buffer. On entry `back.x` is dh after the step, on return the part of dh before it
// that does not pass through U.
fn cell_gradient(record: Record, here: Step, back: ptr<function, vec2<f32>>) -> vec4<f32> {
    let units = record.units;
    let offset = here.place * 3u * units + here.unit;
    var d = vec4<f32>(0.0);
    var reset = 0.0;
    if (here.counts) {
        let gate = record.gates + offset;
        let single = here.place * units + here.unit;
        let update = arena[gate];
        reset = arena[gate + units];
        let candidate = arena[gate + 2u * units];
        let dh = (*back).x;
        d.z = dh * (1.0 - update) * (1.0 - candidate * candidate);
        d.y = d.z * arena[record.inner + single] * reset * (1.0 - reset);
        d.x = dh * (arena[record.previous + single] - candidate) * update * (1.0 - update);
        (*back).x = dh * update;
    }
    for (var gate = 0u; gate < 3u; gate += 1u) {
        arena[record.dz + offset + gate * units] = d[gate];
    }
    d.z *= reset;
    return d;
}
