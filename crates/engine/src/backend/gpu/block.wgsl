// An entry point for a product by threads that work alone. A thread has a block of 8 x 8 numbers in registers, so that each
// number that it reads is used 8 times; two rows of a block are one after the other in `sums`.
@compute @workgroup_size(WORKGROUP)
fn ENTRY(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let record = records[id.z];
    let shape = ENTRY_shape(record);
    let across = (shape.n + 7u) / 8u;
    let n_blocks = across * ((shape.m + 7u) / 8u);
    for (var block = id.x; block < n_blocks; block += groups.x * WORKGROUP) {
        let top = block / across * 8u;
        let left = block % across * 8u;
        var a0 = row_at(shape, top + 0u);
        var a1 = row_at(shape, top + 1u);
        var a2 = row_at(shape, top + 2u);
        var a3 = row_at(shape, top + 3u);
        var a4 = row_at(shape, top + 4u);
        var a5 = row_at(shape, top + 5u);
        var a6 = row_at(shape, top + 6u);
        var a7 = row_at(shape, top + 7u);
        var b0 = column_at(shape, left + 0u);
        var b1 = column_at(shape, left + 1u);
        var b2 = column_at(shape, left + 2u);
        var b3 = column_at(shape, left + 3u);
        var b4 = column_at(shape, left + 4u);
        var b5 = column_at(shape, left + 5u);
        var b6 = column_at(shape, left + 6u);
        var b7 = column_at(shape, left + 7u);
        var s0 = vec4<f32>(0.0);
        var t0 = vec4<f32>(0.0);
        var s1 = vec4<f32>(0.0);
        var t1 = vec4<f32>(0.0);
        var s2 = vec4<f32>(0.0);
        var t2 = vec4<f32>(0.0);
        var s3 = vec4<f32>(0.0);
        var t3 = vec4<f32>(0.0);
        var s4 = vec4<f32>(0.0);
        var t4 = vec4<f32>(0.0);
        var s5 = vec4<f32>(0.0);
        var t5 = vec4<f32>(0.0);
        var s6 = vec4<f32>(0.0);
        var t6 = vec4<f32>(0.0);
        var s7 = vec4<f32>(0.0);
        var t7 = vec4<f32>(0.0);
        for (var k = 0u; k < shape.depth; k += 1u) {
            let b = vec4<f32>(COUNT[b0], COUNT[b1], COUNT[b2], COUNT[b3]);
            let c = vec4<f32>(COUNT[b4], COUNT[b5], COUNT[b6], COUNT[b7]);
            let x0 = arena[a0.x];
            s0 += x0 * b;
            t0 += x0 * c;
            a0.x += a0.y;
            let x1 = arena[a1.x];
            s1 += x1 * b;
            t1 += x1 * c;
            a1.x += a1.y;
            let x2 = arena[a2.x];
            s2 += x2 * b;
            t2 += x2 * c;
            a2.x += a2.y;
            let x3 = arena[a3.x];
            s3 += x3 * b;
            t3 += x3 * c;
            a3.x += a3.y;
            let x4 = arena[a4.x];
            s4 += x4 * b;
            t4 += x4 * c;
            a4.x += a4.y;
            let x5 = arena[a5.x];
            s5 += x5 * b;
            t5 += x5 * c;
            a5.x += a5.y;
            let x6 = arena[a6.x];
            s6 += x6 * b;
            t6 += x6 * c;
            a6.x += a6.y;
            let x7 = arena[a7.x];
            s7 += x7 * b;
            t7 += x7 * c;
            a7.x += a7.y;
            b0 += shape.b_next;
            b1 += shape.b_next;
            b2 += shape.b_next;
            b3 += shape.b_next;
            b4 += shape.b_next;
            b5 += shape.b_next;
            b6 += shape.b_next;
            b7 += shape.b_next;
        }
        var sums = array<vec4<f32>, 16>(
            s0,
            t0,
            s1,
            t1,
            s2,
            t2,
            s3,
            t3,
            s4,
            t4,
            s5,
            t5,
            s6,
            t6,
            s7,
            t7,
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
