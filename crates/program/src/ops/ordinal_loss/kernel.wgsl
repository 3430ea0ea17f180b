// The loss of ordered classes and its gradients, by one workgroup. The score is 1 if no class is more probable than the
// right one.

// `log p` of a class and its derivatives by the score and by the thresholds below and above it: see `cpu.rs`.
fn log_probability(record: Record, score: f32, class_idx: u32) -> vec4<f32> {
    let has_below = class_idx > 0u;
    let has_above = class_idx + 1u < record.n_classes;
    let cut = record.cuts + class_idx;
    if (has_below && has_above) {
        let below = arena[cut - 1u];
        let above = arena[cut];
        let a = score - below;
        let b = score - above;
        let rest = -expm1_(below - above);
        return vec4<f32>(
            log_(rest) - softplus(-a) - softplus(b),
            1.0 - sigmoid(a) - sigmoid(b),
            -exp_(softplus(b) - softplus(a)) / rest,
            exp_(softplus(-a) - softplus(-b)) / rest,
        );
    }
    if (has_below) {
        let a = score - arena[cut - 1u];
        return vec4<f32>(-softplus(-a), sigmoid(-a), -sigmoid(-a), 0.0);
    }
    if (has_above) {
        let b = score - arena[cut];
        return vec4<f32>(-softplus(b), -sigmoid(b), 0.0, sigmoid(b));
    }
    return vec4<f32>(0.0);
}

@compute @workgroup_size(WORKGROUP)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let record = records[group.z];
    let lane = local % TEAM;
    // Work for one team: if a team is one thread, the other threads of the workgroup are idle.
    if (group.x > 0u) {
        return;
    }
    let n_classes = record.n_classes;
    if (lane == 0u) {
        var cut = 0.0;
        for (var k = 0u; k + 1u < n_classes; k += 1u) {
            let threshold = values[record.thresholds + k];
            if (k == 0u) {
                cut = threshold;
            } else {
                cut += softplus(threshold) + 1.0e-3;
            }
            arena[record.cuts + k] = cut;
        }
    }
    meet();
    for (var row = lane; row < n_rows(); row += TEAM) {
        let score = arena[record.scores + row];
        let p = record.probabilities + row * n_classes;
        var largest = 0.0;
        for (var k = 0u; k < n_classes; k += 1u) {
            arena[p + k] = exp_(log_probability(record, score, k).x);
            largest = max(largest, arena[p + k]);
        }
        let class_idx = class_of(datum(record.targets, 1u, row, 0u), n_classes);
        let weight = class_weight(record.weights, class_idx);
        var log_p = vec4<f32>(0.0);
        var right = 0.0;
        if (class_idx != NOWHERE) {
            log_p = log_probability(record, score, class_idx);
            right = select(0.0, 1.0, arena[p + class_idx] >= largest);
        }
        arena[record.rows + row] = -weight * log_p.x;
        arena[record.rows + record.max_rows + row] = right;
        let gradient = -weight * task_factor(record.task) * log_p;
        if (record.ds != NOWHERE) {
            put(record.ds + row, gradient.y, record.accumulate);
        }
        let by_cuts = record.by_cuts + 3u * row;
        arena[by_cuts] = select(f32(class_idx), -1.0, class_idx == NOWHERE);
        arena[by_cuts + 1u] = gradient.z;
        arena[by_cuts + 2u] = gradient.w;
    }
    meet();
    // A threshold shifts all those above it.
    var by_cut = 0.0;
    for (var k = n_classes - 1u; k > 0u; k -= 1u) {
        var sum = 0.0;
        for (var row = lane; row < n_rows(); row += TEAM) {
            let at = record.by_cuts + 3u * row;
            sum += select(0.0, arena[at + 1u], arena[at] == f32(k));
            sum += select(0.0, arena[at + 2u], arena[at] == f32(k - 1u));
        }
        by_cut += tree(vec2<f32>(sum), lane, 1u).x;
        if (lane == 0u && is_training() && record.d_thresholds != NOWHERE) {
            var slope = 1.0;
            if (k > 1u) {
                slope = sigmoid(values[record.thresholds + k - 1u]);
            }
            put_gradient(record.d_thresholds + k - 1u, by_cut * slope, record.accumulate_thresholds);
        }
    }
}
