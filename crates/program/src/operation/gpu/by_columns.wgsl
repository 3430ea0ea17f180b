// An entry point that calls a function for columns: a team processes COLUMNS of them, and divides the rows of each among its threads.
@compute @workgroup_size(WORKGROUP)
fn ENTRY(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let lane = local % TEAM;
    ENTRY_column(records[group.z], group.x * COLUMNS + lane % COLUMNS, lane);
}
