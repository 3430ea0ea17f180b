// The mean of the row losses of a task, and of its row scores, by a fixed tree; appended to the history of losses.

@compute @workgroup_size(WORKGROUP)
fn reduce(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let record = records[group.z];
    let lane = local % TEAM;
    // Work for one team: if a team is one thread, the other threads of the workgroup are idle.
    if (group.x > 0u) {
        return;
    }
    var sum = vec2<f32>(0.0, 0.0);
    for (var row = lane; row < n_rows(); row += TEAM) {
        let at = record.rows + row;
        sum += vec2<f32>(arena[at], arena[at + record.max_rows]);
    }
    sum = tree(sum, lane, 1u) * task_share(record.task);
    if (lane == 0u) {
        let at = record.history + 2u * (step[0].w * record.n_tasks + record.task);
        arena[at] = sum.x;
        arena[at + 1u] = sum.y;
    }
}
