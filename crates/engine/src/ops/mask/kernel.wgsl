// The mask, one thread per step of a row.

struct Record {
    rule: u32, // 0 known ids, 1 both, 2 either, 3 every b-th step of a
    a: u32,    // known ids: the word of the step that says where the ids start
    b: u32,
    y: u32,
    length: u32,
    @size(236) source_length: u32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let length = records[z].length;
    let n = n_rows() * length;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        var mask = 0.0;
        switch (records[z].rule) {
            case 0u: { mask = select(1.0, 0.0, datum(records[z].a, length, i / length, i % length) == 0u); }
            case 1u: { mask = arena[records[z].a + i] * arena[records[z].b + i]; }
            case 3u: {
                let position = i / length * records[z].source_length + i % length * records[z].b;
                mask = arena[records[z].a + position];
            }
            default: { mask = max(arena[records[z].a + i], arena[records[z].b + i]); }
        }
        arena[records[z].y + i] = mask;
    }
}
