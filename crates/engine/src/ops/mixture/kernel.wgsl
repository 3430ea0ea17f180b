// Mixture of experts. Forward: one thread per number. Backward: one thread per number for the experts, then one per
// step and expert for the weights.

struct Record {
    weights: u32,
    y: u32,
    width: u32,
    n_experts: u32,   // of the gate
    first: u32,       // expert of the gate that is the first one here
    n: u32,           // experts here
    accumulate: u32,  // forward: add to y
    dy: u32,
    d_weights: u32,   // NOWHERE: not wanted
    accumulate_weights: u32,
    @size(24) steps: u32,
    experts: array<vec4<u32>, 12>, // x, its gradient or NOWHERE, whether to add to it
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = n_rows() * records[z].steps * records[z].width;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        let weights = records[z].weights + i / records[z].width * records[z].n_experts + records[z].first;
        var sum = 0.0;
        for (var e = 0u; e < records[z].n; e += 1u) {
            sum += arena[weights + e] * arena[records[z].experts[e].x + i];
        }
        put(records[z].y + i, sum, records[z].accumulate);
    }
}

@compute @workgroup_size(256)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let width = records[z].width;
    let n_steps = n_rows() * records[z].steps;
    let n_outputs = n_steps * width;
    var n = n_outputs;
    if (records[z].d_weights != NOWHERE) {
        n += n_steps * records[z].n;
    }
    for (var i = id.x; i < n; i += groups.x * 256u) {
        if (i < n_outputs) {
            let weights = records[z].weights + i / width * records[z].n_experts + records[z].first;
            let dy = arena[records[z].dy + i];
            for (var e = 0u; e < records[z].n; e += 1u) {
                let expert = records[z].experts[e];
                if (expert.y != NOWHERE) {
                    put(expert.y + i, arena[weights + e] * dy, expert.z);
                }
            }
        } else {
            let step = (i - n_outputs) / records[z].n;
            let e = (i - n_outputs) % records[z].n;
            let x = records[z].experts[e].x + step * width;
            let dy = records[z].dy + step * width;
            var dot = 0.0;
            for (var column = 0u; column < width; column += 1u) {
                dot += arena[x + column] * arena[dy + column];
            }
            let at = records[z].d_weights + step * records[z].n_experts + records[z].first + e;
            put(at, dot, records[z].accumulate_weights);
        }
    }
}
