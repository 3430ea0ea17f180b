// See `recurrence.wgsl`: one thread per unit.

// Forward: current h and next h, 2048 numbers each. Backward: de of a step.
var<workgroup> shared_state: array<f32, 4096>;

@compute @workgroup_size(TEAM)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let record = records[group.z];
    let units = record.units;
    let length = record.length;
    let n_tile = record.n_tile;
    let top = group.x * n_tile;
    if (top >= n_rows()) {
        return;
    }
    for (var i = lane; i < n_tile * units; i += TEAM) {
        shared_state[i] = 0.0;
    }
    workgroupBarrier();
    var now = 0u;
    for (var s = 0u; s < length; s += 1u) {
        let next = 2048u - now;
        let t = select(s, length - 1u - s, record.backwards != 0u);
        var does_count: array<bool, 4>;
        var any = false;
        for (var r = 0u; r < n_tile; r += 1u) {
            does_count[r] = step_counts(record, top + r, t);
            any = any || does_count[r];
        }
        for (var unit = lane; unit < units; unit += TEAM) {
            var s0 = vec4<f32>(0.0);
            var s1 = vec4<f32>(0.0);
            var s2 = vec4<f32>(0.0);
            var s3 = vec4<f32>(0.0);
            if (any && s > 0u) {
                var at = record.u + unit;
                for (var k = 0u; k < units; k += 1u) {
                    var u = vec4<f32>(values[at], values[at + units], values[at + 2u * units], 0.0);
                    if (GATES == 4u) {
                        u.w = values[at + 3u * units];
                    }
                    at += GATES * units;
                    s0 += shared_state[now + k] * u;
                    if (n_tile > 1u) {
                        s1 += shared_state[now + units + k] * u;
                    }
                    if (n_tile > 2u) {
                        s2 += shared_state[now + 2u * units + k] * u;
                        s3 += shared_state[now + 3u * units + k] * u;
                    }
                }
            }
            var products = array<vec4<f32>, 4>(s0, s1, s2, s3);
            for (var r = 0u; r < n_tile; r += 1u) {
                let row = top + r;
                if (row < n_rows()) {
                    let here = step_at(record, unit, row, s, does_count[r]);
                    let h = shared_state[now + r * units + unit];
                    let h_next = cell(record, here, h, products[r]);
                    arena[record.previous + here.place * units + unit] = h;
                    shared_state[next + r * units + unit] = h_next;
                    if (record.sequences != 0u) {
                        arena[record.y + here.place * units + unit] = h_next;
                    } else if (s + 1u == length) {
                        arena[record.y + row * units + unit] = h_next;
                    }
                }
            }
        }
        workgroupBarrier();
        now = next;
    }
}

@compute @workgroup_size(TEAM)
fn backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let record = records[group.z];
    let units = record.units;
    let length = record.length;
    let n_tile = record.n_tile;
    let top = group.x * n_tile;
    if (top >= n_rows()) {
        return;
    }
    // From the last real step to the first.
    for (var s = length; s > 0u; s -= 1u) {
        let is_last = s == length;
        let t = select(s - 1u, length - s, record.backwards != 0u);
        var does_count: array<bool, 4>;
        var any = false;
        for (var r = 0u; r < n_tile; r += 1u) {
            does_count[r] = step_counts(record, top + r, t);
            any = any || does_count[r];
        }
        for (var unit = lane; unit < units; unit += TEAM) {
            for (var r = 0u; r < n_tile; r += 1u) {
                let row = top + r;
                if (row < n_rows()) {
                    let here = step_at(record, unit, row, s - 1u, does_count[r]);
                    let carried = record.carried + row * 2u * units + unit;
                    var back = vec2<f32>(0.0);
                    if (!is_last) {
                        back = vec2<f32>(arena[carried], arena[carried + units]);
                    } else if (record.sequences == 0u) {
                        back.x = arena[record.dy + row * units + unit];
                    }
                    if (record.sequences != 0u) {
                        back.x += arena[record.dy + here.place * units + unit];
                    }
                    let d = cell_gradient(record, here, &back);
                    let out = record.de + here.place * GATES * units + unit;
                    let local = r * GATES * units + unit;
                    for (var gate = 0u; gate < GATES; gate += 1u) {
                        arena[out + gate * units] = d[gate];
                        shared_state[local + gate * units] = d[gate];
                    }
                    arena[carried] = back.x;
                    arena[carried + units] = back.y;
                }
            }
        }
        workgroupBarrier();
        if (any && s > 1u) {
            for (var unit = lane; unit < units; unit += TEAM) {
                var sums = vec4<f32>(0.0);
                let width = GATES * units;
                for (var k = 0u; k < width; k += 1u) {
                    let u = arena[record.turned + k * units + unit];
                    sums.x += shared_state[k] * u;
                    if (n_tile > 1u) {
                        sums.y += shared_state[width + k] * u;
                    }
                    if (n_tile > 2u) {
                        sums.z += shared_state[2u * width + k] * u;
                        sums.w += shared_state[3u * width + k] * u;
                    }
                }
                for (var r = 0u; r < n_tile; r += 1u) {
                    if (does_count[r]) {
                        arena[record.carried + (top + r) * 2u * units + unit] += sums[r];
                    }
                }
            }
        }
        workgroupBarrier();
    }
}

// The transpose of U.
@compute @workgroup_size(64)
fn turn(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let units = record.units;
    let n = GATES * units * units;
    for (var i = id.x; i < n; i += groups.x * 64u) {
        arena[record.turned + i] = values[record.u + i % units * GATES * units + i / units];
    }
}
