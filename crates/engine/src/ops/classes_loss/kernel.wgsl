// Softmax, cross-entropy and its gradient: LANES threads per row (1 for few classes, 64 for many), reductions in a
// fixed tree. The score is 1 where no class is likelier than the right one.

struct Record {
    logits: u32,
    probabilities: u32,
    targets: u32, // word of the step that says where they start
    task: u32,
    n_classes: u32,
    weights: u32, // where in `index`; NOWHERE: 1
    rows: u32, // losses per row, then scores per row
    max_rows: u32,
    dz: u32, // NOWHERE: not wanted
    @size(220) accumulate: u32,
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
    let n_classes = records[z].n_classes;
    let n = n_rows();
    for (var block = group.x * (64u / LANES); block < n; block += groups.x * (64u / LANES)) {
        let row = block + local / LANES;
        let start = row * n_classes;
        let last = select(0u, n_classes, row < n);
        var largest = -3.4e38;
        for (var i = local % LANES; i < last; i += LANES) {
            largest = max(largest, arena[records[z].logits + start + i]);
        }
        largest = all_max(largest, local);
        var sum = 0.0;
        for (var i = local % LANES; i < last; i += LANES) {
            let y = exp_(arena[records[z].logits + start + i] - largest);
            arena[records[z].probabilities + start + i] = y;
            sum += y;
        }
        sum = all_sum(sum, local);
        let scale = 1.0 / sum;

        var class_idx = NOWHERE;
        if (row < n) {
            let bits = datum(records[z].targets, 1u, row, 0u);
            let y = bitcast<f32>(bits);
            if (!is_nan_bits(bits) && y >= 0.0 && y < f32(n_classes)) {
                class_idx = u32(y);
            }
        }
        var weight = 0.0;
        if (class_idx != NOWHERE) {
            weight = 1.0;
            if (records[z].weights != NOWHERE) {
                weight = bitcast<f32>(index[records[z].weights + class_idx]);
            }
        }
        if (local % LANES == 0u && row < n) {
            var loss = 0.0;
            var score = 0.0;
            if (class_idx != NOWHERE) {
                let logit = arena[records[z].logits + start + class_idx];
                loss = weight * ((largest - logit) + log_(sum));
                score = select(0.0, 1.0, logit >= largest);
            }
            arena[records[z].rows + row] = loss;
            arena[records[z].rows + records[z].max_rows + row] = score;
        }
        let factor = weight * task_factor(records[z].task);
        for (var i = local % LANES; i < last; i += LANES) {
            let p = arena[records[z].probabilities + start + i] * scale;
            arena[records[z].probabilities + start + i] = p;
            if (records[z].dz != NOWHERE) {
                let gradient = factor * (p - select(0.0, 1.0, i == class_idx));
                put(records[z].dz + start + i, gradient, records[z].accumulate);
            }
        }
    }
}
