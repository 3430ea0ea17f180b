// Copy of columns, one thread per number.

struct Record {
    x: u32, // backward: gradient of x
    x_width: u32,
    x_start: u32,
    y: u32, // backward: gradient of y
    y_width: u32,
    y_start: u32,
    width: u32,
    steps: u32,
    @size(224) accumulate: u32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

@compute @workgroup_size(256)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let width = records[z].width;
    let n = n_rows() * records[z].steps * width;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        let row = i / width;
        let column = i % width;
        arena[records[z].y + row * records[z].y_width + records[z].y_start + column] =
            arena[records[z].x + row * records[z].x_width + records[z].x_start + column];
    }
}

@compute @workgroup_size(256)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let x_width = records[z].x_width;
    let n = n_rows() * records[z].steps * x_width;
    for (var i = id.x; i < n; i += groups.x * 256u) {
        // Below x_start it wraps around and is too large as well.
        let column = i % x_width - records[z].x_start;
        var gradient = 0.0;
        if (column < records[z].width) {
            gradient = arena[records[z].y + i / x_width * records[z].y_width + records[z].y_start + column];
        }
        put(records[z].x + i, gradient, records[z].accumulate);
    }
}
