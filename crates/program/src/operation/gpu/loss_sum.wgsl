// The mean of a task's row losses, and of its row scores, in a fixed tree: to the history of losses.

@compute @workgroup_size(WORKGROUP)
fn reduce(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let record = records[group.z];
    let lane = local % TEAM;
    // There is one team's work: where a team is one thread, its workgroup has more of them.
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
