// An entry point that calls a function once per row, with a team of threads per row, or one thread for narrow rows.
@compute @workgroup_size(WORKGROUP)
fn ENTRY(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let record = records[group.z];
    let n = COUNT;
    for (var row = group.x; row < n; row += groups.x * (WORKGROUP / TEAM)) {
        ENTRY_row(record, row, local % TEAM);
    }
}
