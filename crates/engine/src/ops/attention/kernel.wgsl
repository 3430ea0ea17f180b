// Attention. Forward, and backward to the queries: a row of LANES threads is one query of one head of one row of the
// batch. Backward to the keys and values: one thread per number.

struct Record {
    queries: u32,
    keys: u32,
    values: u32,
    mask: u32, // NOWHERE: every step counts
    y: u32,
    weights: u32,
    length: u32,
    heads: u32,
    depth: u32,
    steps: u32, // queries of a row of the batch, of all heads
    scale: f32,
    dy: u32,
    d_scores: u32, // as the weights
    d_queries: u32, // NOWHERE: not wanted
    accumulate_queries: u32,
    d_keys: u32,
    accumulate_keys: u32,
    d_values: u32,
    accumulate_values: u32,
    @size(180) per_row: u32,
}

// Where the numbers of one step of one head start.
fn place(z: u32, row: u32, t: u32, head: u32) -> u32 {
    return ((row * records[z].length + t) * records[z].heads + head) * records[z].depth;
}

fn forward_row(z: u32, query: u32, is_row: bool, local: u32) {
    let length = records[z].length;
    let depth = records[z].depth;
    let row = query / (length * records[z].heads);
    let head = query / length % records[z].heads;
    let q = place(z, row, query % length, head);
    let weights = records[z].weights + query * length;
    let n = select(0u, length, is_row);
    for (var t = local % LANES; t < n; t += LANES) {
        let k = records[z].keys + place(z, row, t, head);
        var sum = 0.0;
        for (var i = 0u; i < depth; i += 1u) {
            sum += arena[records[z].queries + q + i] * arena[k + i];
        }
        arena[weights + t] = sum;
    }
    let mask = select(records[z].mask + row * length, NOWHERE, records[z].mask == NOWHERE);
    softmax(weights, weights, n, mask, records[z].scale, local);
    storageBarrier();
    for (var i = local % LANES; i < select(0u, depth, is_row); i += LANES) {
        var sum = 0.0;
        for (var t = 0u; t < length; t += 1u) {
            sum += arena[weights + t] * arena[records[z].values + place(z, row, t, head) + i];
        }
        arena[records[z].y + q + i] = sum;
    }
}

fn to_queries_row(z: u32, query: u32, is_row: bool, local: u32) {
    let length = records[z].length;
    let depth = records[z].depth;
    let row = query / (length * records[z].heads);
    let head = query / length % records[z].heads;
    let q = place(z, row, query % length, head);
    let weights = records[z].weights + query * length;
    let d_scores = records[z].d_scores + query * length;
    let n = select(0u, length, is_row);
    for (var t = local % LANES; t < n; t += LANES) {
        let v = records[z].values + place(z, row, t, head);
        var sum = 0.0;
        for (var i = 0u; i < depth; i += 1u) {
            sum += arena[records[z].dy + q + i] * arena[v + i];
        }
        arena[d_scores + t] = sum;
    }
    let dot = row_dot(weights, d_scores, n, local);
    for (var t = local % LANES; t < n; t += LANES) {
        arena[d_scores + t] = arena[weights + t] * (arena[d_scores + t] - dot) * records[z].scale;
    }
    storageBarrier();
    if (records[z].d_queries != NOWHERE) {
        for (var i = local % LANES; i < select(0u, depth, is_row); i += LANES) {
            var sum = 0.0;
            for (var t = 0u; t < length; t += 1u) {
                sum += arena[d_scores + t] * arena[records[z].keys + place(z, row, t, head) + i];
            }
            put(records[z].d_queries + q + i, sum, records[z].accumulate_queries);
        }
    }
}

fn to_keys_at(z: u32, i: u32) {
    let length = records[z].length;
    let stride = records[z].heads * records[z].depth;
    let column = i % stride;
    let row = i / (stride * length);
    let pair = (row * records[z].heads + column / records[z].depth) * length * length + i / stride % length;
    var dk = 0.0;
    var dv = 0.0;
    for (var t = 0u; t < length; t += 1u) {
        let q = (row * length + t) * stride + column;
        dk += arena[records[z].d_scores + pair + t * length] * arena[records[z].queries + q];
        dv += arena[records[z].weights + pair + t * length] * arena[records[z].dy + q];
    }
    if (records[z].d_keys != NOWHERE) {
        put(records[z].d_keys + i, dk, records[z].accumulate_keys);
    }
    if (records[z].d_values != NOWHERE) {
        put(records[z].d_values + i, dv, records[z].accumulate_values);
    }
}
