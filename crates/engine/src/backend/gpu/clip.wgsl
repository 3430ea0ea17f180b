// Clipping by norm: partial sums of squares per parameter, then one factor from them.

struct Part {
    start: u32,
    length: u32,
    n_parts: u32,
    @size(244) sums: u32,
}
@group(0) @binding(0) var<uniform> parts: array<Part, 64>;

struct Factor {
    sums: u32,
    n_sums: u32,
    factor: u32,
    is_global: u32,
    @size(240) threshold: f32,
}
@group(0) @binding(0) var<uniform> factors: array<Factor, 64>;

var<workgroup> sums: array<f32, 256>;

fn tree(lane: u32) {
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (lane < half) {
            sums[lane] += sums[lane + half];
        }
        workgroupBarrier();
    }
}

@compute @workgroup_size(256)
fn square(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    let part = group.x;
    var sum = 0.0;
    if (part < parts[z].n_parts) {
        for (var i = part * 256u + lane; i < parts[z].length; i += parts[z].n_parts * 256u) {
            let gradient = gradients[parts[z].start + i];
            sum += gradient * gradient;
        }
    }
    sums[lane] = sum;
    tree(lane);
    if (lane == 0u && part < parts[z].n_parts) {
        arena[parts[z].sums + part] = sums[0];
    }
}

@compute @workgroup_size(256)
fn finish(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    var sum = 0.0;
    for (var i = lane; i < factors[z].n_sums; i += 256u) {
        sum += arena[factors[z].sums + i];
    }
    sums[lane] = sum;
    tree(lane);
    if (lane == 0u) {
        let norm = sqrt(sums[0]);
        let c = factors[z].threshold;
        var factor = c / max(norm, c);
        // Divergence must be seen: a norm that is not finite makes every gradient NaN.
        if ((bitcast<u32>(norm) & 0x7f800000u) == 0x7f800000u) {
            factor = bitcast<f32>(factors[z].is_global | 0x7fc00000u);
        }
        arena[factors[z].factor] = factor;
    }
}
