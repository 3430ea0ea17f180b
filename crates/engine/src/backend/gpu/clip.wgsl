// Clipping by norm: partial sums of squares per parameter, then one factor from them.

struct Record {
    start: u32,
    length: u32,
    n_parts: u32,
    sums: u32,
    n_sums: u32,
    factor: u32,
    is_global: u32,
    @size(228) threshold: f32,
}

@compute @workgroup_size(256)
fn square(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    let part = group.x;
    var sum = 0.0;
    if (part < records[z].n_parts) {
        for (var i = part * 256u + lane; i < records[z].length; i += records[z].n_parts * 256u) {
            let gradient = gradients[records[z].start + i];
            sum += gradient * gradient;
        }
    }
    sum = tree(vec2<f32>(sum), lane, 1u).x;
    if (lane == 0u && part < records[z].n_parts) {
        arena[records[z].sums + part] = sum;
    }
}

@compute @workgroup_size(256)
fn finish(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    var sum = 0.0;
    for (var i = lane; i < records[z].n_sums; i += 256u) {
        sum += arena[records[z].sums + i];
    }
    let norm = sqrt(tree(vec2<f32>(sum), lane, 1u).x);
    if (lane == 0u) {
        let c = records[z].threshold;
        var factor = c / max(norm, c);
        // Divergence must be seen: a norm that is not finite makes every gradient NaN.
        if ((bitcast<u32>(norm) & 0x7f800000u) == 0x7f800000u) {
            factor = bitcast<f32>(records[z].is_global | 0x7fc00000u);
        }
        arena[records[z].factor] = factor;
    }
}
