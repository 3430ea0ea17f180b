// The mean of a task's row losses, and of its row scores, in a fixed tree: to the history of losses.

struct Record {
    rows: u32, // losses per row, then scores per row
    max_rows: u32,
    task: u32,
    n_tasks: u32,
    @size(240) history: u32,
}

@compute @workgroup_size(256)
fn reduce(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    var sum = vec2<f32>(0.0, 0.0);
    for (var row = lane; row < n_rows(); row += 256u) {
        let at = records[z].rows + row;
        sum += vec2<f32>(arena[at], arena[at + records[z].max_rows]);
    }
    sum = tree(sum, lane, 1u) * task_share(records[z].task);
    if (lane == 0u) {
        let at = records[z].history + 2u * (step[0].w * records[z].n_tasks + records[z].task);
        arena[at] = sum.x;
        arena[at + 1u] = sum.y;
    }
}
