// The product in its three forms, with the bias, the activation and its derivative applied on the way:
//
//   forward   y  = f(x w + b)                  rows x n_out
//   to_input  dx = (dy * f'(y)) w^T            rows x n_in
//   to_weight dw = x^T (dy * f'(y)), db        n_in x n_out, summed over the rows
//
// A workgroup of SIDE x SIDE threads computes a tile of 4 SIDE x 4 SIDE numbers, 4 x 4 of them per thread, from slices
// of 16 of the summed axis in workgroup memory. A thread's rows and columns are SIDE apart, so that neighbours read
// and write neighbouring numbers. The narrow forms are for results with few columns: `_narrow` is one thread per
// number, `to_weight_narrow` 16 threads per number with a fixed tree over their sums.

struct Record {
    x: u32,
    w: u32,
    bias: u32, // NOWHERE: none
    y: u32,
    z: u32,    // where GELU keeps x w + b
    epilogue: u32, // 0 none, 1 ReLU, 2 GELU, 3 tanh, 4 sigmoid
    steps: u32,
    n_in: u32,
    n_out: u32,
    dy: u32,
    dx: u32,
    dw: u32,
    db: u32,   // NOWHERE: none
    accumulate: u32,
    // The rows are summed in several parts, each to a place of its own in the arena; 1: straight to the gradient.
    n_parts: u32,
    part: u32,
    @size(192) sums: u32,
}

const TILE: u32 = 4u * SIDE;
const STRIDE: u32 = TILE + 1u;
const DEPTH: u32 = 16u;
const N_THREADS: u32 = SIDE * SIDE;

var<workgroup> a_tile: array<f32, 1040>;
var<workgroup> b_tile: array<f32, 1040>;

fn activate(z: u32, at: u32, value: f32) {
    var y = value;
    switch (records[z].epilogue) {
        case 1u: { y = select(value, 0.0, value < 0.0); }
        case 2u: {
            arena[records[z].z + at] = value;
            y = gelu(value);
        }
        case 3u: { y = tanh_(value); }
        case 4u: { y = sigmoid(value); }
        default: {}
    }
    arena[records[z].y + at] = y;
}

// dz at a place of y.
fn dz(z: u32, at: u32) -> f32 {
    let dy = arena[records[z].dy + at];
    switch (records[z].epilogue) {
        case 1u: { return select(0.0, dy, arena[records[z].y + at] > 0.0); }
        case 2u: { return dy * gelu_derivative(arena[records[z].z + at]); }
        case 3u: {
            let y = arena[records[z].y + at];
            return dy * (1.0 - y * y);
        }
        case 4u: {
            let y = arena[records[z].y + at];
            return dy * (y * (1.0 - y));
        }
        default: { return dy; }
    }
}

fn bias_at(z: u32, column: u32) -> f32 {
    if (records[z].bias == NOWHERE) {
        return 0.0;
    }
    return values[records[z].bias + column];
}

// The products of one slice: adds to the 4 x 4 numbers of a thread.
fn multiply(sums: ptr<function, array<vec4<f32>, 4>>, tx: u32, ty: u32) {
    var s0 = (*sums)[0];
    var s1 = (*sums)[1];
    var s2 = (*sums)[2];
    var s3 = (*sums)[3];
    for (var k = 0u; k < DEPTH; k += 1u) {
        let at = k * STRIDE;
        let b = vec4<f32>(
            b_tile[at + tx],
            b_tile[at + tx + SIDE],
            b_tile[at + tx + 2u * SIDE],
            b_tile[at + tx + 3u * SIDE],
        );
        s0 += a_tile[at + ty] * b;
        s1 += a_tile[at + ty + SIDE] * b;
        s2 += a_tile[at + ty + 2u * SIDE] * b;
        s3 += a_tile[at + ty + 3u * SIDE] * b;
    }
    (*sums)[0] = s0;
    (*sums)[1] = s1;
    (*sums)[2] = s2;
    (*sums)[3] = s3;
}

@compute @workgroup_size(SIDE, SIDE)
fn forward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = group.z;
    let m = n_rows() * records[z].steps;
    let n = records[z].n_out;
    let depth = records[z].n_in;
    let top = group.y * TILE;
    let left = group.x * TILE;
    if (top >= m || left >= n) {
        return;
    }
    var sums: array<vec4<f32>, 4>;
    for (var first = 0u; first < depth; first += DEPTH) {
        for (var i = lane; i < TILE * DEPTH; i += N_THREADS) {
            let k = i % DEPTH;
            let row = i / DEPTH;
            var value = 0.0;
            if (top + row < m && first + k < depth) {
                value = arena[records[z].x + (top + row) * depth + first + k];
            }
            a_tile[k * STRIDE + row] = value;
        }
        for (var i = lane; i < TILE * DEPTH; i += N_THREADS) {
            let k = i / TILE;
            let column = i % TILE;
            var value = 0.0;
            if (left + column < n && first + k < depth) {
                value = values[records[z].w + (first + k) * n + left + column];
            }
            b_tile[k * STRIDE + column] = value;
        }
        workgroupBarrier();
        multiply(&sums, local.x, local.y);
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i += 1u) {
        let row = top + local.y + i * SIDE;
        for (var j = 0u; j < 4u; j += 1u) {
            let column = left + local.x + j * SIDE;
            if (row < m && column < n) {
                activate(z, row * n + column, sums[i][j] + bias_at(z, column));
            }
        }
    }
}

@compute @workgroup_size(SIDE, SIDE)
fn to_input(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = group.z;
    let m = n_rows() * records[z].steps;
    let n = records[z].n_in;
    let depth = records[z].n_out;
    let top = group.y * TILE;
    let left = group.x * TILE;
    if (top >= m || left >= n) {
        return;
    }
    var sums: array<vec4<f32>, 4>;
    for (var first = 0u; first < depth; first += DEPTH) {
        for (var i = lane; i < TILE * DEPTH; i += N_THREADS) {
            let k = i % DEPTH;
            let row = i / DEPTH;
            var a = 0.0;
            var b = 0.0;
            if (first + k < depth) {
                if (top + row < m) {
                    a = dz(z, (top + row) * depth + first + k);
                }
                if (left + row < n) {
                    b = values[records[z].w + (left + row) * depth + first + k];
                }
            }
            a_tile[k * STRIDE + row] = a;
            b_tile[k * STRIDE + row] = b;
        }
        workgroupBarrier();
        multiply(&sums, local.x, local.y);
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i += 1u) {
        let row = top + local.y + i * SIDE;
        for (var j = 0u; j < 4u; j += 1u) {
            let column = left + local.x + j * SIDE;
            if (row < m && column < n) {
                put(records[z].dx + row * n + column, sums[i][j], records[z].accumulate);
            }
        }
    }
}

// Writes a number of dw, or of db behind it, to the gradients or to a part's place.
fn put_weight(z: u32, number: u32, value: f32) {
    let n_weights = records[z].n_in * records[z].n_out;
    if (records[z].n_parts > 1u) {
        arena[records[z].sums + number] = value;
        return;
    }
    var at = records[z].dw + number;
    if (number >= n_weights) {
        at = records[z].db + number - n_weights;
    }
    put_gradient(at, value, records[z].accumulate);
}

// The rows of this part.
fn part_rows(z: u32) -> vec2<u32> {
    let m = n_rows() * records[z].steps;
    let length = (m + records[z].n_parts - 1u) / records[z].n_parts;
    let start = min(records[z].part * length, m);
    return vec2<u32>(start, min(start + length, m));
}

@compute @workgroup_size(SIDE, SIDE)
fn to_weight(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) local: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let z = group.z;
    let m = records[z].n_in;
    let n = records[z].n_out;
    let rows = part_rows(z);
    let top = group.y * TILE;
    let left = group.x * TILE;
    if (top >= m || left >= n) {
        return;
    }
    var sums: array<vec4<f32>, 4>;
    var column_sums = vec4<f32>(0.0);
    let sums_bias = top == 0u && records[z].db != NOWHERE;
    for (var first = rows.x; first < rows.y; first += DEPTH) {
        for (var i = lane; i < TILE * DEPTH; i += N_THREADS) {
            let k = i / TILE;
            let column = i % TILE;
            var a = 0.0;
            var b = 0.0;
            if (first + k < rows.y) {
                if (top + column < m) {
                    a = arena[records[z].x + (first + k) * m + top + column];
                }
                if (left + column < n) {
                    b = dz(z, (first + k) * n + left + column);
                }
            }
            a_tile[k * STRIDE + column] = a;
            b_tile[k * STRIDE + column] = b;
        }
        workgroupBarrier();
        multiply(&sums, local.x, local.y);
        if (sums_bias && local.y == 0u) {
            for (var k = 0u; k < DEPTH; k += 1u) {
                for (var j = 0u; j < 4u; j += 1u) {
                    column_sums[j] += b_tile[k * STRIDE + local.x + j * SIDE];
                }
            }
        }
        workgroupBarrier();
    }
    for (var j = 0u; j < 4u; j += 1u) {
        let column = left + local.x + j * SIDE;
        if (column < n) {
            for (var i = 0u; i < 4u; i += 1u) {
                let row = top + local.y + i * SIDE;
                if (row < m) {
                    put_weight(z, row * n + column, sums[i][j]);
                }
            }
            if (sums_bias && local.y == 0u) {
                put_weight(z, m * n + column, column_sums[j]);
            }
        }
    }
}

@compute @workgroup_size(64)
fn forward_narrow(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = records[z].n_out;
    let depth = records[z].n_in;
    let total = n_rows() * records[z].steps * n;
    for (var i = id.x; i < total; i += groups.x * 64u) {
        let column = i % n;
        let x = records[z].x + i / n * depth;
        let w = records[z].w + column;
        var even = 0.0;
        var odd = 0.0;
        var k = 0u;
        for (; k + 1u < depth; k += 2u) {
            even += arena[x + k] * values[w + k * n];
            odd += arena[x + k + 1u] * values[w + (k + 1u) * n];
        }
        if (k < depth) {
            even += arena[x + k] * values[w + k * n];
        }
        activate(z, i, even + odd + bias_at(z, column));
    }
}

@compute @workgroup_size(64)
fn to_input_narrow(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n = records[z].n_in;
    let depth = records[z].n_out;
    let total = n_rows() * records[z].steps * n;
    for (var i = id.x; i < total; i += groups.x * 64u) {
        let dy = i / n * depth;
        let w = records[z].w + i % n * depth;
        var sum = 0.0;
        for (var k = 0u; k < depth; k += 1u) {
            sum += dz(z, dy + k) * values[w + k];
        }
        put(records[z].dx + i, sum, records[z].accumulate);
    }
}

var<workgroup> slice_sums: array<f32, 256>;

@compute @workgroup_size(256)
fn to_weight_narrow(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let z = group.z;
    let n = records[z].n_out;
    let rows = part_rows(z);
    var n_numbers = records[z].n_in * n;
    if (records[z].db != NOWHERE) {
        n_numbers += n;
    }
    let number = group.x * 16u + lane % 16u;
    let column = number % n;
    let row = number / n;
    var sum = 0.0;
    if (number < n_numbers) {
        for (var k = rows.x + lane / 16u; k < rows.y; k += 16u) {
            var x = 1.0;
            if (row < records[z].n_in) {
                x = arena[records[z].x + k * records[z].n_in + row];
            }
            sum += x * dz(z, k * n + column);
        }
    }
    slice_sums[lane] = sum;
    workgroupBarrier();
    for (var half = 128u; half >= 16u; half /= 2u) {
        if (lane < half) {
            slice_sums[lane] += slice_sums[lane + half];
        }
        workgroupBarrier();
    }
    if (lane < 16u && number < n_numbers) {
        put_weight(z, number, slice_sums[lane]);
    }
}

// Adds up the parts of dw and db, in their order.
@compute @workgroup_size(256)
fn join(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let z = id.z;
    let n_weights = records[z].n_in * records[z].n_out;
    var n_numbers = n_weights;
    if (records[z].db != NOWHERE) {
        n_numbers += records[z].n_out;
    }
    for (var i = id.x; i < n_numbers; i += groups.x * 256u) {
        var sum = 0.0;
        for (var part = 0u; part < records[z].n_parts; part += 1u) {
            sum += arena[records[z].sums + part * n_numbers + i];
        }
        var at = records[z].dw + i;
        if (i >= n_weights) {
            at = records[z].db + i - n_weights;
        }
        put_gradient(at, sum, records[z].accumulate);
    }
}
