// Gather: one thread per number. Scatter: one thread per number of a *touched* row, which adds the gradients of all
// places that looked the row up, in the order of the batch. The lists of places come with the step:
// [number of rows | rows | start of each row's places, and the end | places].

struct Record {
    ids: u32,   // word of the step that says where the ids start
    table: u32,
    y: u32,     // backward: gradient of y
    steps: u32,
    width: u32,
    cardinality: u32,
    list: u32,  // where the lists are, among those of the step
    capacity: u32,
    @size(224) per_row: u32,
}

fn forward_at(z: u32, i: u32) {
    let width = records[z].width;
    let steps = records[z].steps;
    let place = i / width;
    let row = min(datum(records[z].ids, steps, place / steps, place % steps), records[z].cardinality - 1u);
    arena[records[z].y + i] = values[records[z].table + row * width + i % width];
}

fn backward_at(z: u32, i: u32) {
    let width = records[z].width;
    let rows = lists() + records[z].list + 1u;
    let starts = rows + records[z].capacity;
    let places = starts + records[z].capacity + 1u;
    let segment = i / width;
    let column = i % width;
    let end = index[starts + segment + 1u];
    var sum = 0.0;
    for (var place = index[starts + segment]; place < end; place += 1u) {
        sum += arena[records[z].y + index[places + place] * width + column];
    }
    gradients[records[z].table + index[rows + segment] * width + column] += sum;
}
