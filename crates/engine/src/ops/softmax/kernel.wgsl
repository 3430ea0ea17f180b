// Softmax over rows: LANES threads per row (1 for narrow rows, 64 for wide ones), reductions in a fixed tree.

struct Record {
    x: u32,
    y: u32,
    steps: u32,
    width: u32,
    dy: u32,
    dx: u32,
    @size(232) accumulate: u32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

var<workgroup> sums: array<f32, 64>;

fn all_sum(value: f32, local: u32) -> f32 {
    sums[local] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (local % LANES < half) {
            sums[local] += sums[local + half];
        }
        workgroupBarrier();
    }
    let total = sums[local - local % LANES];
    workgroupBarrier();
    return total;
}

fn all_max(value: f32, local: u32) -> f32 {
    sums[local] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (local % LANES < half) {
            sums[local] = max(sums[local], sums[local + half]);
        }
        workgroupBarrier();
    }
    let total = sums[local - local % LANES];
    workgroupBarrier();
    return total;
}

@compute @workgroup_size(64)
fn forward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let z = group.z;
    let width = records[z].width;
    let n = n_rows() * records[z].steps;
    for (var block = group.x * (64u / LANES); block < n; block += groups.x * (64u / LANES)) {
        let row = block + local / LANES;
        let start = row * width;
        let last = select(0u, width, row < n);
        var largest = -3.4e38;
        for (var i = local % LANES; i < last; i += LANES) {
            largest = max(largest, arena[records[z].x + start + i]);
        }
        largest = all_max(largest, local);
        var sum = 0.0;
        for (var i = local % LANES; i < last; i += LANES) {
            let y = exp_(arena[records[z].x + start + i] - largest);
            arena[records[z].y + start + i] = y;
            sum += y;
        }
        let scale = 1.0 / all_sum(sum, local);
        for (var i = local % LANES; i < last; i += LANES) {
            arena[records[z].y + start + i] *= scale;
        }
    }
}

@compute @workgroup_size(64)
fn backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let z = group.z;
    let width = records[z].width;
    let n = n_rows() * records[z].steps;
    for (var block = group.x * (64u / LANES); block < n; block += groups.x * (64u / LANES)) {
        let row = block + local / LANES;
        let start = row * width;
        let last = select(0u, width, row < n);
        var dot = 0.0;
        for (var i = local % LANES; i < last; i += LANES) {
            dot += arena[records[z].y + start + i] * arena[records[z].dy + start + i];
        }
        dot = all_sum(dot, local);
        for (var i = local % LANES; i < last; i += LANES) {
            let gradient = arena[records[z].y + start + i] * (arena[records[z].dy + start + i] - dot);
            put(records[z].dx + start + i, gradient, records[z].accumulate);
        }
    }
}
