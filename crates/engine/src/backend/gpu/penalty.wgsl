// Gradients of regularisers and ties: `g += 2 l2 w + l1 sign(w) + 2 strength (w - other)`.

struct Record {
    start: u32,
    length: u32,
    other: u32, // start of the tied parameter
    l1: f32,
    twice_l2: f32,
    @size(236) twice_strength: f32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

@compute @workgroup_size(256)
fn add(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    for (var i = id.x; i < records[z].length; i += groups.x * 256u) {
        let at = records[z].start + i;
        let value = values[at];
        var pull = records[z].twice_l2 * value + records[z].l1 * sign(value);
        if (records[z].other != NOWHERE) {
            pull += records[z].twice_strength * (value - values[records[z].other + i]);
        }
        gradients[at] += pull;
    }
}
