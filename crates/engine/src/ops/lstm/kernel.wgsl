// The recurrent part of an LSTM, all steps in one dispatch: a workgroup takes up to 4 rows of the batch through the
// whole sequence, one thread per unit. The input product of all steps has run before, and the products for the gradients
// of W, U, b and x run after, as linear records. A masked step carries h and c on.

struct Record {
    mask: u32, // NOWHERE: every step counts
    u: u32,
    gates: u32, // in: x W + b; out: i, f, g, o
    cells: u32,
    previous: u32, // h before each step
    y: u32,
    length: u32,
    units: u32,
    sequences: u32,
    backwards: u32,
    n_tile: u32, // rows per workgroup
    dy: u32,
    dz: u32,
    carried: u32, // dh and dc on their way back, per row
    @size(200) turned: u32, // the transpose of U
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

// Forward: h now and h next, 2048 numbers each. Backward: dz of a step.
var<workgroup> shared_state: array<f32, 4096>;

fn steps_counts(z: u32, row: u32, t: u32) -> bool {
    if (row >= n_rows()) {
        return false;
    }
    if (records[z].mask == NOWHERE) {
        return true;
    }
    return arena[records[z].mask + row * records[z].length + t] != 0.0;
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
        var before = t - 1u;
        if (records[z].backwards != 0u) {
            before = t + 1u;
        }
        var counts: array<bool, 4>;
        var any = false;
        for (var r = 0u; r < n_tile; r += 1u) {
            counts[r] = steps_counts(z, top + r, t);
            any = any || counts[r];
        }
        for (var unit = lane; unit < units; unit += THREADS) {
            var s0 = vec4<f32>(0.0);
            var s1 = vec4<f32>(0.0);
            var s2 = vec4<f32>(0.0);
            var s3 = vec4<f32>(0.0);
            if (any && s > 0u) {
                var at = records[z].u + unit;
                for (var k = 0u; k < units; k += 1u) {
                    let u = vec4<f32>(values[at], values[at + units], values[at + 2u * units], values[at + 3u * units]);
                    at += 4u * units;
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
                    let place = row * length + t;
                    let h = shared_state[now + r * units + unit];
                    var c = 0.0;
                    if (s > 0u) {
                        c = arena[records[z].cells + (row * length + before) * units + unit];
                    }
                    var h_next = h;
                    if (counts[r]) {
                        let gate = records[z].gates + place * 4u * units + unit;
                        let product = products[r];
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
                    arena[records[z].cells + place * units + unit] = c;
                    arena[records[z].previous + place * units + unit] = h;
                    shared_state[next + r * units + unit] = h_next;
                    if (records[z].sequences != 0u) {
                        arena[records[z].y + place * units + unit] = h_next;
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
    for (var s = 0u; s < length; s += 1u) {
        // From the last step that was read to the first.
        let t = select(length - 1u - s, s, records[z].backwards != 0u);
        var before = t - 1u;
        if (records[z].backwards != 0u) {
            before = t + 1u;
        }
        var counts: array<bool, 4>;
        var any = false;
        for (var r = 0u; r < n_tile; r += 1u) {
            counts[r] = steps_counts(z, top + r, t);
            any = any || counts[r];
        }
        for (var unit = lane; unit < units; unit += THREADS) {
            for (var r = 0u; r < n_tile; r += 1u) {
                let row = top + r;
                if (row < n_rows()) {
                    let place = row * length + t;
                    let carried = records[z].carried + row * 2u * units + unit;
                    var dh = 0.0;
                    var dc = 0.0;
                    if (s > 0u) {
                        dh = arena[carried];
                        dc = arena[carried + units];
                    } else if (records[z].sequences == 0u) {
                        dh = arena[records[z].dy + row * units + unit];
                    }
                    if (records[z].sequences != 0u) {
                        dh += arena[records[z].dy + place * units + unit];
                    }
                    var d = vec4<f32>(0.0);
                    if (counts[r]) {
                        let gate = records[z].gates + place * 4u * units + unit;
                        let i = arena[gate];
                        let f = arena[gate + units];
                        let g = arena[gate + 2u * units];
                        let o = arena[gate + 3u * units];
                        let squashed = tanh_(arena[records[z].cells + place * units + unit]);
                        var last = 0.0;
                        if (s + 1u < length) {
                            last = arena[records[z].cells + (row * length + before) * units + unit];
                        }
                        dc += dh * o * (1.0 - squashed * squashed);
                        d = vec4<f32>(
                            dc * g * i * (1.0 - i),
                            dc * last * f * (1.0 - f),
                            dc * i * (1.0 - g * g),
                            dh * squashed * o * (1.0 - o),
                        );
                        dc *= f;
                        dh = 0.0;
                    }
                    let out = records[z].dz + place * 4u * units + unit;
                    let local = r * 4u * units + unit;
                    for (var gate = 0u; gate < 4u; gate += 1u) {
                        arena[out + gate * units] = d[gate];
                        shared_state[local + gate * units] = d[gate];
                    }
                    arena[carried] = dh;
                    arena[carried + units] = dc;
                }
            }
        }
        workgroupBarrier();
        if (any && s + 1u < length) {
            for (var unit = lane; unit < units; unit += THREADS) {
                var sums = vec4<f32>(0.0);
                let width = 4u * units;
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
                    if (counts[r]) {
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
    let n = 4u * units * units;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        arena[records[z].turned + i] = values[records[z].u + i % units * 4u * units + i / units];
    }
}
