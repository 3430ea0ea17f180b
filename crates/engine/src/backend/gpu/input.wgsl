// Numeric inputs: from the rows of the data set to the arena.

struct Record {
    column: u32, // word of the step that says where the column starts
    y: u32,
    @size(248) width: u32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

@compute @workgroup_size(256)
fn load(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let width = records[z].width;
    let n = n_rows() * width;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        arena[records[z].y + i] = bitcast<f32>(datum(records[z].column, width, i / width, i % width));
    }
}
