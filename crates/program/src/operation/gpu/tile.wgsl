// An entry point for a product by a team: see `ops/linear/tiles.wgsl`. The tiles of the first rows also compute the sums over the
// columns of b, for the gradient of a bias.
@compute @workgroup_size(TEAM, TEAM)
fn ENTRY(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let record = records[group.z];
    let shape = ENTRY_shape(record);
    let m = min(shape.m, shape.ones);
    let top = group.y * TILE;
    let left = group.x * TILE;
    if (top >= m || left >= shape.n) {
        return;
    }
    // Neighbouring threads read neighbouring numbers.
    let a_by_rows = shape.a_row == 1u;
    let b_by_columns = shape.b_column == 1u;
    var sums: array<vec4<f32>, 4>;
    var column_sums = vec4<f32>(0.0);
    let sums_columns = top == 0u && shape.m > shape.ones;
    for (var first = 0u; first < shape.depth; first += DEPTH) {
        for (var i = lane; i < TILE * DEPTH; i += N_THREADS) {
            let row = select(i / DEPTH, i % TILE, a_by_rows);
            let k = select(i % DEPTH, i / TILE, a_by_rows);
            var value = 0.0;
            if (top + row < m && first + k < shape.depth) {
                value = ENTRY_a(record, shape.a + (top + row) * shape.a_row + (first + k) * shape.a_next);
            }
            a_tile[k * STRIDE + row] = value;
        }
        for (var i = lane; i < TILE * DEPTH; i += N_THREADS) {
            let column = select(i / DEPTH, i % TILE, b_by_columns);
            let k = select(i % DEPTH, i / TILE, b_by_columns);
            var value = 0.0;
            if (left + column < shape.n && first + k < shape.depth) {
                value = ENTRY_b(record, shape.b + (left + column) * shape.b_column + (first + k) * shape.b_next);
            }
            b_tile[k * STRIDE + column] = value;
        }
        workgroupBarrier();
        multiply(&sums, local.x, local.y);
        if (sums_columns && local.y == 0u) {
            for (var k = 0u; k < DEPTH; k += 1u) {
                for (var j = 0u; j < 4u; j += 1u) {
                    column_sums[j] += b_tile[k * STRIDE + local.x + j * TEAM];
                }
            }
        }
        workgroupBarrier();
    }
    for (var j = 0u; j < 4u; j += 1u) {
        let column = left + local.x + j * TEAM;
        if (column < shape.n) {
            for (var i = 0u; i < 4u; i += 1u) {
                let row = top + local.y + i * TEAM;
                if (row < m) {
                    ENTRY_put(record, row, column, sums[i][j]);
                }
            }
            if (sums_columns && local.y == 0u) {
                ENTRY_put(record, m, column, column_sums[j]);
            }
        }
    }
}
