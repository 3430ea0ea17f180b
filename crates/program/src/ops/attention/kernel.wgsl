// Attention. Forward, and backward to the queries: a row of TEAM threads is one query of one head of one row of the
// batch. Backward to the keys and values: one thread per number.

// Offset of the numbers of one step of one head.
fn place(record: Record, row: u32, t: u32, head: u32) -> u32 {
    return ((row * record.length + t) * record.heads + head) * record.depth;
}

fn forward_row(record: Record, query: u32, lane: u32) {
    let length = record.length;
    let depth = record.depth;
    let row = query / (length * record.heads);
    let head = query / length % record.heads;
    let q = place(record, row, query % length, head);
    let weights = record.weights + query * length;
    let n = length;
    for (var t = lane; t < n; t += TEAM) {
        let k = record.keys + place(record, row, t, head);
        var sum = 0.0;
        for (var i = 0u; i < depth; i += 1u) {
            sum += arena[record.queries + q + i] * arena[k + i];
        }
        arena[weights + t] = sum;
    }
    let mask = select(record.mask + row * length, NOWHERE, record.mask == NOWHERE);
    softmax(weights, weights, n, mask, record.scale, lane);
    meet();
    for (var i = lane; i < depth; i += TEAM) {
        var sum = 0.0;
        for (var t = 0u; t < length; t += 1u) {
            sum += arena[weights + t] * arena[record.values + place(record, row, t, head) + i];
        }
        arena[record.y + q + i] = sum;
    }
}

fn to_queries_row(record: Record, query: u32, lane: u32) {
    let length = record.length;
    let depth = record.depth;
    let row = query / (length * record.heads);
    let head = query / length % record.heads;
    let q = place(record, row, query % length, head);
    let weights = record.weights + query * length;
    let d_scores = record.d_scores + query * length;
    let n = length;
    for (var t = lane; t < n; t += TEAM) {
        let v = record.values + place(record, row, t, head);
        var sum = 0.0;
        for (var i = 0u; i < depth; i += 1u) {
            sum += arena[record.dy + q + i] * arena[v + i];
        }
        arena[d_scores + t] = sum;
    }
    let dot = row_dot(weights, d_scores, n, lane);
    for (var t = lane; t < n; t += TEAM) {
        arena[d_scores + t] = arena[weights + t] * (arena[d_scores + t] - dot) * record.scale;
    }
    meet();
    if (record.d_queries != NOWHERE) {
        for (var i = lane; i < depth; i += TEAM) {
            var sum = 0.0;
            for (var t = 0u; t < length; t += 1u) {
                sum += arena[d_scores + t] * arena[record.keys + place(record, row, t, head) + i];
            }
            put(record.d_queries + q + i, sum, record.accumulate_queries);
        }
    }
}

fn to_keys_at(record: Record, i: u32) {
    let length = record.length;
    let stride = record.heads * record.depth;
    let column = i % stride;
    let row = i / (stride * length);
    let pair = (row * record.heads + column / record.depth) * length * length + i / stride % length;
    var dk = 0.0;
    var dv = 0.0;
    for (var t = 0u; t < length; t += 1u) {
        let q = (row * length + t) * stride + column;
        dk += arena[record.d_scores + pair + t * length] * arena[record.queries + q];
        dv += arena[record.weights + pair + t * length] * arena[record.dy + q];
    }
    if (record.d_keys != NOWHERE) {
        put(record.d_keys + i, dk, record.accumulate_keys);
    }
    if (record.d_values != NOWHERE) {
        put(record.d_values + i, dv, record.accumulate_values);
    }
}
