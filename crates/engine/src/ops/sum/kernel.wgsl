// Weighted sum, one thread per number.

struct Record {
    y: u32, // backward: gradient of y
    per_row: u32,
    n_terms: u32,
    @size(20) accumulate: u32, // forward: add to y
    terms: array<vec4<u32>, 14>, // x or its gradient, factor, backward: whether to add to the gradient
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = n_rows() * records[z].per_row;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        var sum = 0.0;
        for (var t = 0u; t < records[z].n_terms; t += 1u) {
            let term = records[z].terms[t];
            sum += bitcast<f32>(term.y) * arena[term.x + i];
        }
        put(records[z].y + i, sum, records[z].accumulate);
    }
}

@compute @workgroup_size(256)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = n_rows() * records[z].per_row;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        let dy = arena[records[z].y + i];
        for (var t = 0u; t < records[z].n_terms; t += 1u) {
            let term = records[z].terms[t];
            put(term.x + i, bitcast<f32>(term.y) * dy, term.z);
        }
    }
}
