// Operations of the TEAM threads of a workgroup together. Reductions are fixed trees; every thread takes part.

var<workgroup> team_values: array<vec2<f32>, TEAM>;

// The sum over the threads with equal `lane % n_columns`; each thread receives that of its column.
fn tree(value: vec2<f32>, lane: u32, n_columns: u32) -> vec2<f32> {
    team_values[lane] = value;
    workgroupBarrier();
    for (var half = TEAM / 2u; half >= n_columns; half /= 2u) {
        if (lane < half) {
            team_values[lane] += team_values[lane + half];
        }
        workgroupBarrier();
    }
    let total = team_values[lane % n_columns];
    workgroupBarrier();
    return total;
}

fn all_sum(value: f32, lane: u32) -> f32 {
    return tree(vec2<f32>(value), lane, 1u).x;
}

fn all_max(value: f32, lane: u32) -> f32 {
    team_values[lane].x = value;
    workgroupBarrier();
    for (var half = TEAM / 2u; half >= 1u; half /= 2u) {
        if (lane < half) {
            team_values[lane].x = max(team_values[lane].x, team_values[lane + half].x);
        }
        workgroupBarrier();
    }
    let total = team_values[0].x;
    workgroupBarrier();
    return total;
}

// A barrier: what each thread has written to the buffers is visible to the others afterwards.
fn meet() {
    storageBarrier();
}
