// The product by teams of TEAM x TEAM threads: a workgroup computes a tile of 4 TEAM x 4 TEAM numbers, 4 x 4 of them per
// thread, from slices of 16 of the summed axis in workgroup memory. A thread's rows and columns are TEAM apart, so that
// neighbours read and write neighbouring numbers; `tile.wgsl` has the loop. The narrow forms are for results with few columns: `_narrow` is one
// thread per number, `to_weight_narrow` 16 threads per number with a fixed tree over their sums.

const TILE: u32 = 4u * TEAM;
const STRIDE: u32 = TILE + 1u;
const DEPTH: u32 = 16u;
const N_THREADS: u32 = TEAM * TEAM;

// A number of a or of b, by index.
fn forward_a(record: Record, at: u32) -> f32 {
    return arena[at];
}

fn forward_b(record: Record, at: u32) -> f32 {
    return values[at];
}

fn to_input_a(record: Record, at: u32) -> f32 {
    return dz(record, at - record.dy);
}

fn to_input_b(record: Record, at: u32) -> f32 {
    return values[at];
}

fn to_weight_a(record: Record, at: u32) -> f32 {
    return arena[at];
}

fn to_weight_b(record: Record, at: u32) -> f32 {
    return dz(record, at - record.dy);
}

var<workgroup> a_tile: array<f32, 1040>;
var<workgroup> b_tile: array<f32, 1040>;

// The products of one slice: adds to the 4 x 4 numbers of a thread.
fn multiply(sums: ptr<function, array<vec4<f32>, 4>>, tx: u32, ty: u32) {
    var s0 = (*sums)[0];
    var s1 = (*sums)[1];
    var s2 = (*sums)[2];
    var s3 = (*sums)[3];
    for (var k = 0u; k < DEPTH; k += 1u) {
        let at = k * STRIDE;
        let b = vec4<f32>(
            b_tile[at + tx],
            b_tile[at + tx + TEAM],
            b_tile[at + tx + 2u * TEAM],
            b_tile[at + tx + 3u * TEAM],
        );
        s0 += a_tile[at + ty] * b;
        s1 += a_tile[at + ty + TEAM] * b;
        s2 += a_tile[at + ty + 2u * TEAM] * b;
        s3 += a_tile[at + ty + 3u * TEAM] * b;
    }
    (*sums)[0] = s0;
    (*sums)[1] = s1;
    (*sums)[2] = s2;
    (*sums)[3] = s3;
}

@compute @workgroup_size(64)
fn forward_narrow(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let n = record.n_out;
    let depth = record.n_in;
    let total = n_rows() * record.steps * n;
    for (var i = id.x; i < total; i += groups.x * 64u) {
        let column = i % n;
        let x = record.x + i / n * depth;
        let w = record.w + column;
        var even = 0.0;
        var odd = 0.0;
        var k = 0u;
        for (; k + 1u < depth; k += 2u) {
            even += arena[x + k] * values[w + k * n];
            odd += arena[x + k + 1u] * values[w + (k + 1u) * n];
        }
        if (k < depth) {
            even += arena[x + k] * values[w + k * n];
        }
        activate(record, i, even + odd + bias_at(record, column));
    }
}

@compute @workgroup_size(64)
fn to_input_narrow(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let n = record.n_in;
    let depth = record.n_out;
    let total = n_rows() * record.steps * n;
    for (var i = id.x; i < total; i += groups.x * 64u) {
        let dy = i / n * depth;
        let w = record.w + i % n * depth;
        var sum = 0.0;
        for (var k = 0u; k < depth; k += 1u) {
            sum += dz(record, dy + k) * values[w + k];
        }
        put(record.dx + i, sum, record.accumulate);
    }
}

var<workgroup> slice_sums: array<f32, 256>;

@compute @workgroup_size(256)
fn to_weight_narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let record = records[group.z];
    let n = record.n_out;
    let rows = part_rows(record);
    var n_numbers = record.n_in * n;
    if (record.db != NOWHERE) {
        n_numbers += n;
    }
    let number = group.x * 16u + lane % 16u;
    let column = number % n;
    let row = number / n;
    var sum = 0.0;
    if (number < n_numbers) {
        for (var k = rows.x + lane / 16u; k < rows.y; k += 16u) {
            var x = 1.0;
            if (row < record.n_in) {
                x = arena[record.x + k * record.n_in + row];
            }
            sum += x * dz(record, k * n + column);
        }
    }
    slice_sums[lane] = sum;
    workgroupBarrier();
    for (var half = 128u; half >= 16u; half /= 2u) {
        if (lane < half) {
            slice_sums[lane] += slice_sums[lane + half];
        }
        workgroupBarrier();
    }
    if (lane < 16u && number < n_numbers) {
        put_weight(record, number, slice_sums[lane]);
    }
}

// Adds up the parts of dw and db, in order.
@compute @workgroup_size(256)
fn join(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let n_weights = record.n_in * record.n_out;
    var n_numbers = n_weights;
    if (record.db != NOWHERE) {
        n_numbers += record.n_out;
    }
    for (var i = id.x; i < n_numbers; i += groups.x * 256u) {
        var sum = 0.0;
        for (var part = 0u; part < record.n_parts; part += 1u) {
            sum += arena[record.sums + part * n_numbers + i];
        }
        var at = record.dw + i;
        if (i >= n_weights) {
            at = record.db + i - n_weights;
        }
        put_gradient(at, sum, record.accumulate);
    }
}
