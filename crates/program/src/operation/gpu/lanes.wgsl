// Operations of a team on a row.

// The scalar product of two rows of `n` numbers.
fn row_dot(a: u32, b: u32, n: u32, lane: u32) -> f32 {
    var sum = 0.0;
    for (var i = lane; i < n; i += TEAM) {
        sum += arena[a + i] * arena[b + i];
    }
    return all_sum(sum, lane);
}

// y = e^(scale (x - max x)) where the mask is set, 0 elsewhere; returns the largest x and the sum of y. x and y may be the same.
fn exponentials(x: u32, y: u32, n: u32, mask: u32, scale: f32, lane: u32) -> vec2<f32> {
    var largest = -3.4e38;
    for (var i = lane; i < n; i += TEAM) {
        if (counts(mask, i)) {
            largest = max(largest, arena[x + i]);
        }
    }
    largest = all_max(largest, lane);
    var sum = 0.0;
    for (var i = lane; i < n; i += TEAM) {
        var e = 0.0;
        if (counts(mask, i)) {
            e = exp_((arena[x + i] - largest) * scale);
        }
        arena[y + i] = e;
        sum += e;
    }
    return vec2<f32>(largest, all_sum(sum, lane));
}

// The softmax over the values whose mask is set; 0 if there are none.
fn softmax(x: u32, y: u32, n: u32, mask: u32, scale: f32, lane: u32) {
    let sum = exponentials(x, y, n, mask, scale, lane).y;
    let share = select(0.0, 1.0 / sum, sum > 0.0);
    for (var i = lane; i < n; i += TEAM) {
        arena[y + i] *= share;
    }
}
