// Pooling: one thread per column of a row, over the steps.

struct Record {
    rule: u32, // 0 mean, 1 max, 2 sum
    x: u32,
    mask: u32,
    y: u32,
    length: u32,
    width: u32,
    dy: u32,
    dx: u32,
    @size(224) accumulate: u32,
}
@group(0) @binding(0) var<uniform> records: array<Record, 64>;

fn counts(z: u32, row: u32, t: u32) -> bool {
    if (records[z].mask == NOWHERE) {
        return true;
    }
    return arena[records[z].mask + row * records[z].length + t] != 0.0;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let width = records[z].width;
    let length = records[z].length;
    let n = n_rows() * width;
    for (var i = id.x; i < n; i += groups.x * 64u) {
        let row = i / width;
        var n_steps = 0.0;
        var y = 0.0;
        for (var t = 0u; t < length; t += 1u) {
            if (counts(z, row, t)) {
                let x = arena[records[z].x + (row * length + t) * width + i % width];
                if (records[z].rule != 1u) {
                    y += x;
                } else if (n_steps == 0.0 || x > y) {
                    y = x;
                }
                n_steps += 1.0;
            }
        }
        if (records[z].rule == 0u) {
            y *= 1.0 / max(n_steps, 1.0);
        }
        arena[records[z].y + i] = y;
    }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let width = records[z].width;
    let length = records[z].length;
    let n = n_rows() * width;
    for (var i = id.x; i < n; i += groups.x * 64u) {
        let row = i / width;
        let first = row * length * width + i % width;
        let y = arena[records[z].y + i];
        let is_max = records[z].rule == 1u;
        var n_steps = 0.0;
        for (var t = 0u; t < length; t += 1u) {
            if (counts(z, row, t) && (!is_max || arena[records[z].x + first + t * width] == y)) {
                n_steps += 1.0;
            }
        }
        var share = arena[records[z].dy + i];
        if (records[z].rule != 2u) {
            share *= 1.0 / max(n_steps, 1.0);
        }
        for (var t = 0u; t < length; t += 1u) {
            let at = first + t * width;
            let reaches = counts(z, row, t) && (!is_max || arena[records[z].x + at] == y);
            put(records[z].dx + at, select(0.0, share, reaches), records[z].accumulate);
        }
    }
}
