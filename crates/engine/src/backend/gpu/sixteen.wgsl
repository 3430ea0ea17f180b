// An entry point that calls a function with 16 threads per column; a workgroup has 16 columns.
@compute @workgroup_size(256)
fn ENTRY(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    ENTRY_column(group.z, group.x * 16u + lane % 16u, lane);
}
