// An entry point that calls a function once per row, with LANES threads per row: 1 for narrow rows, 64 for wide ones.
// All threads of a workgroup call it together, those of rows that are not there too.
@compute @workgroup_size(64)
fn ENTRY(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let z = group.z;
    let n = COUNT;
    for (var block = group.x * (64u / LANES); block < n; block += groups.x * (64u / LANES)) {
        let row = block + local / LANES;
        ENTRY_row(z, row, row < n, local);
    }
}
