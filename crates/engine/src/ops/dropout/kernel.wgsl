// Dropout, one thread per number; the same draws as on the CPU.

struct Record {
    x: u32, // backward: its gradient
    y: u32, // backward: its gradient
    kept: u32,
    per_row: u32,
    threshold: u32, // 24 bits against the rate; 0: nothing is dropped
    scale: f32,
    key: u32, // word of the step where the key of the draws is
    @size(228) accumulate: u32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

fn mix(bits: u32) -> u32 {
    var value = (bits ^ (bits >> 16u)) * 0x7feb352du;
    value = (value ^ (value >> 15u)) * 0x846ca68bu;
    return value ^ (value >> 16u);
}

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = n_rows() * records[z].per_row;
    let key = vec2<u32>(step_word(records[z].key), step_word(records[z].key + 1u));
    for (var i = id.x; i < n; i += groups.x * 256u) {
        var kept = 1.0;
        if (is_training() && records[z].threshold > 0u) {
            let draw = mix(mix(i ^ key.x) + key.y) >> 8u;
            kept = select(0.0, records[z].scale, draw >= records[z].threshold);
        }
        arena[records[z].kept + i] = kept;
        arena[records[z].y + i] = arena[records[z].x + i] * kept;
    }
}

@compute @workgroup_size(256)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = n_rows() * records[z].per_row;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        put(records[z].x + i, arena[records[z].y + i] * arena[records[z].kept + i], records[z].accumulate);
    }
}
