// Sums of the threads of a workgroup with equal `lane % n_columns`, in a fixed tree; each thread gets that of its column.

var<workgroup> tree_sums: array<vec2<f32>, 256>;

fn tree(value: vec2<f32>, lane: u32, n_columns: u32) -> vec2<f32> {
    tree_sums[lane] = value;
    workgroupBarrier();
    for (var half = 128u; half >= n_columns; half /= 2u) {
        if (lane < half) {
            tree_sums[lane] += tree_sums[lane + half];
        }
        workgroupBarrier();
    }
    let total = tree_sums[lane % n_columns];
    workgroupBarrier();
    return total;
}
