// An entry point that calls a function once per number. `kernels.rs` inserts the count and the name.
@compute @workgroup_size(64)
fn ENTRY(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let n = COUNT;
    for (var i = id.x; i < n; i += groups.x * 64u) {
        ENTRY_at(record, i);
    }
}
