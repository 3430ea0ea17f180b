// See `recurrence.wgsl`: one thread per row of the batch. Values that a team holds in workgroup memory are read from the buffers.

// The gates of a unit in a row of U.
fn gates_of(at: u32, units: u32) -> vec4<f32> {
    var u = vec4<f32>(values[at], values[at + units], values[at + 2u * units], 0.0);
    if (GATES == 4u) {
        u.w = values[at + 3u * units];
    }
    return u;
}

fn across(at: vec4<u32>) -> vec4<f32> {
    return vec4<f32>(values[at.x], values[at.y], values[at.z], values[at.w]);
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(global_invocation_id) id: vec3<u32>) {
    let record = records[id.z];
    let row = id.x;
    if (row >= n_rows()) {
        return;
    }
    let units = record.units;
    let length = record.length;
    let width = GATES * units;
    for (var s = 0u; s < length; s += 1u) {
        let t = select(s, length - 1u - s, record.backwards != 0u);
        let does_count = step_counts(record, row, t);
        // h before this step, and the offset of h after it.
        let previous = record.previous + (row * length + t) * units;
        let next = select(previous + units, previous - units, record.backwards != 0u);
        for (var unit = 0u; unit < units; unit += 1u) {
            var products = vec4<f32>(0.0);
            var h = 0.0;
            if (s == 0u) {
                arena[previous + unit] = 0.0;
            } else {
                h = arena[previous + unit];
                if (does_count) {
                    var at = record.u + unit;
                    var k = 0u;
                    for (; k + 3u < units; k += 4u) {
                        products += arena[previous + k] * gates_of(at, units);
                        products += arena[previous + k + 1u] * gates_of(at + width, units);
                        products += arena[previous + k + 2u] * gates_of(at + 2u * width, units);
                        products += arena[previous + k + 3u] * gates_of(at + 3u * width, units);
                        at += 4u * width;
                    }
                    for (; k < units; k += 1u) {
                        products += arena[previous + k] * gates_of(at, units);
                        at += width;
                    }
                }
            }
            let here = step_at(record, unit, row, s, does_count);
            let h_next = cell(record, here, h, products);
            if (s + 1u < length) {
                arena[next + unit] = h_next;
            }
            if (record.sequences != 0u) {
                arena[record.y + here.place * units + unit] = h_next;
            } else if (s + 1u == length) {
                arena[record.y + row * units + unit] = h_next;
            }
        }
    }
}

@compute @workgroup_size(WORKGROUP)
fn backward(@builtin(global_invocation_id) id: vec3<u32>) {
    let record = records[id.z];
    let row = id.x;
    if (row >= n_rows()) {
        return;
    }
    let units = record.units;
    let length = record.length;
    let width = GATES * units;
    let carried = record.carried + row * 2u * units;
    for (var s = length; s > 0u; s -= 1u) {
        let t = select(s - 1u, length - s, record.backwards != 0u);
        let does_count = step_counts(record, row, t);
        let de = record.de + (row * length + t) * width;
        for (var unit = 0u; unit < units; unit += 1u) {
            let here = step_at(record, unit, row, s - 1u, does_count);
            var back = vec2<f32>(0.0);
            if (s != length) {
                back = vec2<f32>(arena[carried + unit], arena[carried + units + unit]);
            } else if (record.sequences == 0u) {
                back.x = arena[record.dy + row * units + unit];
            }
            if (record.sequences != 0u) {
                back.x += arena[record.dy + here.place * units + unit];
            }
            let d = cell_gradient(record, here, &back);
            for (var gate = 0u; gate < GATES; gate += 1u) {
                arena[de + gate * units + unit] = d[gate];
            }
            arena[carried + unit] = back.x;
            arena[carried + units + unit] = back.y;
        }
        if (!does_count || s == 1u) {
            continue;
        }
        for (var first = 0u; first < units; first += 4u) {
            let rest = min(vec4<u32>(0u, 1u, 2u, 3u) + first, vec4<u32>(units - 1u)) * width + record.u;
            var sums = vec4<f32>(0.0);
            var k = 0u;
            for (; k + 3u < width; k += 4u) {
                sums += arena[de + k] * across(rest + k);
                sums += arena[de + k + 1u] * across(rest + k + 1u);
                sums += arena[de + k + 2u] * across(rest + k + 2u);
                sums += arena[de + k + 3u] * across(rest + k + 3u);
            }
            for (; k < width; k += 1u) {
                sums += arena[de + k] * across(rest + k);
            }
            for (var i = 0u; i < 4u && first + i < units; i += 1u) {
                arena[carried + first + i] += sums[i];
            }
        }
    }
}
