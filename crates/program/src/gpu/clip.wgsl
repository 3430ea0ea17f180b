// Clipping by norm: partial sums of squares per parameter, then one factor from them.

@compute @workgroup_size(WORKGROUP)
fn square(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let record = records[group.z];
    let lane = local % TEAM;
    let part = group.x;
    var sum = 0.0;
    if (part < record.n_parts) {
        for (var i = part * TEAM + lane; i < record.length; i += record.n_parts * TEAM) {
            let gradient = gradients[record.start + i];
            sum += gradient * gradient;
        }
    }
    sum = tree(vec2<f32>(sum), lane, 1u).x;
    if (lane == 0u && part < record.n_parts) {
        arena[record.sums + part] = sum;
    }
}

@compute @workgroup_size(WORKGROUP)
fn finish(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let record = records[group.z];
    let lane = local % TEAM;
    // Work for one team: if a team is one thread, the other threads of the workgroup are idle.
    if (group.x > 0u) {
        return;
    }
    var sum = 0.0;
    for (var i = lane; i < record.n_sums; i += TEAM) {
        sum += arena[record.sums + i];
    }
    let norm = sqrt(tree(vec2<f32>(sum), lane, 1u).x);
    if (lane == 0u) {
        let c = record.threshold;
        var factor = c / max(norm, c);
        // Divergence must be visible: a norm that is not finite makes every gradient NaN.
        if ((bitcast<u32>(norm) & 0x7f800000u) == 0x7f800000u) {
            factor = bitcast<f32>(record.is_global | 0x7fc00000u);
        }
        arena[record.factor] = factor;
    }
}
