// The recurrent part of an LSTM or a GRU, all steps in one dispatch: a workgroup takes up to 4 rows of the batch through
// the whole sequence, one thread per unit. The input product of all steps has run before, and the products for the
// gradients of W, U, b and x run after, as linear records. A masked step carries the state on. GATES is 4 or 3; the cell
// itself (`cell`, `cell_gradient`) is in the op's file.

struct Record {
    mask: u32, // NOWHERE: every step counts
    u: u32,
    gates: u32, // in: x W + b; out: the gates
    inner: u32, // LSTM: c after each step; GRU: e of the candidate
    previous: u32, // h before each step
    y: u32,
    length: u32,
    units: u32,
    sequences: u32,
    backwards: u32,
    n_tile: u32, // rows per workgroup
    dy: u32,
    dz: u32, // by x W + b
    carried: u32, // dh and dc on their way back, per row
    turned: u32, // the transpose of U
    bias: u32, // GRU: of h U
    @size(192) de: u32, // GRU: by h U + its bias; LSTM: as dz
}

// Where a thread is.
struct Step {
    z: u32,
    unit: u32,
    place: u32, // step of a row
    before: u32, // the step that was read before it
    is_first: bool,
    counts: bool,
}

// Forward: h now and h next, 2048 numbers each. Backward: de of a step.
var<workgroup> shared_state: array<f32, 4096>;

fn step_counts(z: u32, row: u32, t: u32) -> bool {
    return row < n_rows() && counts(records[z].mask, row * records[z].length + t);
}

fn step_at(z: u32, unit: u32, row: u32, s: u32, does_count: bool) -> Step {
    let length = records[z].length;
    let is_back = records[z].backwards != 0u;
    let place = row * length + select(s, length - 1u - s, is_back);
    return Step(z, unit, place, select(place - 1u, place + 1u, is_back), s == 0u, does_count);
}

@compute @workgroup_size(THREADS)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    let units = records[z].units;
    let length = records[z].length;
    let n_tile = records[z].n_tile;
    let top = group.x * n_tile;
    if (top >= n_rows()) {
        return;
    }
    for (var i = lane; i < n_tile * units; i += THREADS) {
        shared_state[i] = 0.0;
    }
    workgroupBarrier();
    var now = 0u;
    for (var s = 0u; s < length; s += 1u) {
        let next = 2048u - now;
        let t = select(s, length - 1u - s, records[z].backwards != 0u);
        var does_count: array<bool, 4>;
        var any = false;
        for (var r = 0u; r < n_tile; r += 1u) {
            does_count[r] = step_counts(z, top + r, t);
            any = any || does_count[r];
        }
        for (var unit = lane; unit < units; unit += THREADS) {
            var s0 = vec4<f32>(0.0);
            var s1 = vec4<f32>(0.0);
            var s2 = vec4<f32>(0.0);
            var s3 = vec4<f32>(0.0);
            if (any && s > 0u) {
                var at = records[z].u + unit;
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
                    let here = step_at(z, unit, row, s, does_count[r]);
                    let h = shared_state[now + r * units + unit];
                    let h_next = cell(here, h, products[r]);
                    arena[records[z].previous + here.place * units + unit] = h;
                    shared_state[next + r * units + unit] = h_next;
                    if (records[z].sequences != 0u) {
                        arena[records[z].y + here.place * units + unit] = h_next;
                    } else if (s + 1u == length) {
                        arena[records[z].y + row * units + unit] = h_next;
                    }
                }
            }
        }
        workgroupBarrier();
        now = next;
    }
}

@compute @workgroup_size(THREADS)
fn backward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    let units = records[z].units;
    let length = records[z].length;
    let n_tile = records[z].n_tile;
    let top = group.x * n_tile;
    if (top >= n_rows()) {
        return;
    }
    // From the last step that was read to the first.
    for (var s = length; s > 0u; s -= 1u) {
        let is_last = s == length;
        let t = select(s - 1u, length - s, records[z].backwards != 0u);
        var does_count: array<bool, 4>;
        var any = false;
        for (var r = 0u; r < n_tile; r += 1u) {
            does_count[r] = step_counts(z, top + r, t);
            any = any || does_count[r];
        }
        for (var unit = lane; unit < units; unit += THREADS) {
            for (var r = 0u; r < n_tile; r += 1u) {
                let row = top + r;
                if (row < n_rows()) {
                    let here = step_at(z, unit, row, s - 1u, does_count[r]);
                    let carried = records[z].carried + row * 2u * units + unit;
                    var back = vec2<f32>(0.0);
                    if (!is_last) {
                        back = vec2<f32>(arena[carried], arena[carried + units]);
                    } else if (records[z].sequences == 0u) {
                        back.x = arena[records[z].dy + row * units + unit];
                    }
                    if (records[z].sequences != 0u) {
                        back.x += arena[records[z].dy + here.place * units + unit];
                    }
                    let d = cell_gradient(here, &back);
                    let out = records[z].de + here.place * GATES * units + unit;
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
            for (var unit = lane; unit < units; unit += THREADS) {
                var sums = vec4<f32>(0.0);
                let width = GATES * units;
                for (var k = 0u; k < width; k += 1u) {
                    let u = arena[records[z].turned + k * units + unit];
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
                        arena[records[z].carried + (top + r) * 2u * units + unit] += sums[r];
                    }
                }
            }
        }
        workgroupBarrier();
    }
}

// The transpose of U.
@compute @workgroup_size(256)
fn turn(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let units = records[z].units;
    let n = GATES * units * units;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        arena[records[z].turned + i] = values[records[z].u + i % units * GATES * units + i / units];
    }
}
