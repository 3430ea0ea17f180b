// What the LANES threads of a row do together. Reductions are fixed trees; every thread of a workgroup takes part.

var<workgroup> lane_values: array<f32, 64>;

fn all_sum(value: f32, local: u32) -> f32 {
    lane_values[local] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (local % LANES < half) {
            lane_values[local] += lane_values[local + half];
        }
        workgroupBarrier();
    }
    let total = lane_values[local - local % LANES];
    workgroupBarrier();
    return total;
}

fn all_max(value: f32, local: u32) -> f32 {
    lane_values[local] = value;
    workgroupBarrier();
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        if (local % LANES < half) {
            lane_values[local] = max(lane_values[local], lane_values[local + half]);
        }
        workgroupBarrier();
    }
    let total = lane_values[local - local % LANES];
    workgroupBarrier();
    return total;
}

// The scalar product of two rows of `n` numbers.
fn row_dot(a: u32, b: u32, n: u32, local: u32) -> f32 {
    var sum = 0.0;
    for (var i = local % LANES; i < n; i += LANES) {
        sum += arena[a + i] * arena[b + i];
    }
    return all_sum(sum, local);
}

// y = e^(scale (x - max x)) where the mask counts, 0 elsewhere; the largest x and the sum of y. x and y may be the same.
fn exponentials(x: u32, y: u32, n: u32, mask: u32, scale: f32, local: u32) -> vec2<f32> {
    var largest = -3.4e38;
    for (var i = local % LANES; i < n; i += LANES) {
        if (counts(mask, i)) {
            largest = max(largest, arena[x + i]);
        }
    }
    largest = all_max(largest, local);
    var sum = 0.0;
    for (var i = local % LANES; i < n; i += LANES) {
        var e = 0.0;
        if (counts(mask, i)) {
            e = exp_((arena[x + i] - largest) * scale);
        }
        arena[y + i] = e;
        sum += e;
    }
    return vec2<f32>(largest, all_sum(sum, local));
}

// The softmax over what the mask counts; 0 when it counts nothing.
fn softmax(x: u32, y: u32, n: u32, mask: u32, scale: f32, local: u32) {
    let sum = exponentials(x, y, n, mask, scale, local).y;
    let share = select(0.0, 1.0 / sum, sum > 0.0);
    for (var i = local % LANES; i < n; i += LANES) {
        arena[y + i] *= share;
    }
}
