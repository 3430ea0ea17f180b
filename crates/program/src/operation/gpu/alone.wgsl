// Teams of one thread; see `together.wgsl`. No thread waits for another, which is expensive on a software adapter.

fn tree(value: vec2<f32>, lane: u32, n_columns: u32) -> vec2<f32> {
    return value;
}

fn all_sum(value: f32, lane: u32) -> f32 {
    return value;
}

fn all_max(value: f32, lane: u32) -> f32 {
    return value;
}

fn meet() {}
