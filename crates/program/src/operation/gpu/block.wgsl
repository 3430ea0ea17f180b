// An entry point for a product by independent threads. A thread holds a block of 8 x 8 numbers in registers, so that each
// number that it reads is used 8 times; the two rows of a block follow each other in `sums`. The build script repeats a line
// with a # eight times, with 0 to 7 in its place.
@compute @workgroup_size(WORKGROUP)
fn ENTRY(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let shape = ENTRY_shape(record);
    let across = (shape.n + 7u) / 8u;
    let n_blocks = across * ((shape.m + 7u) / 8u);
    for (var block = id.x; block < n_blocks; block += groups.x * WORKGROUP) {
        let top = block / across * 8u;
        let left = block % across * 8u;
        var a# = row_at(shape, top + #u);
        var b# = column_at(shape, left + #u);
        var s# = vec4<f32>(0.0);
        var t# = vec4<f32>(0.0);
        for (var k = 0u; k < shape.depth; k += 1u) {
            let s = vec4<f32>(COUNT[b0], COUNT[b1], COUNT[b2], COUNT[b3]);
            let t = vec4<f32>(COUNT[b4], COUNT[b5], COUNT[b6], COUNT[b7]);
            let x# = arena[a#.x]; s# += x# * s; t# += x# * t; a#.x += a#.y;
            b# += shape.b_next;
        }
        var sums = array<vec4<f32>, 16>(
            s#, t#,
        );
        for (var i = 0u; i < 64u; i += 1u) {
            let row = top + (i >> 3u);
            let column = left + (i & 7u);
            if (row < shape.m && column < shape.n) {
                ENTRY_put(record, row, column, sums[i >> 2u][i & 3u]);
            }
        }
    }
}
