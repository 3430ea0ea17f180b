// Gather: RUN numbers per thread. Scatter: RUN numbers of a *touched* row per thread, which adds the gradients of all
// lookups of the row, in the order of the batch. The lists of lookups are part of the step:
// [number of rows | rows | start of each row's lookups, and the end | lookups].

// Number of threads that share a row of the table: each processes RUN numbers of it.
fn runs(record: Record) -> u32 {
    return (record.width + RUN - 1u) / RUN;
}

fn forward_at(record: Record, i: u32) {
    let width = record.width;
    let steps = record.steps;
    let place = i / runs(record);
    let first = i % runs(record) * RUN;
    let row = min(datum(record.ids, steps, place / steps, place % steps), record.cardinality - 1u);
    let from_ = record.table + row * width;
    let to = record.y + place * width;
    for (var column = first; column < min(first + RUN, width); column += 1u) {
        arena[to + column] = values[from_ + column];
    }
}

fn backward_at(record: Record, i: u32) {
    let width = record.width;
    let rows = lists() + record.list + 1u;
    let starts = rows + record.capacity;
    let places = starts + record.capacity + 1u;
    let segment = i / runs(record);
    let first = i % runs(record) * RUN;
    let start = index[starts + segment];
    let end = index[starts + segment + 1u];
    let to = record.table + index[rows + segment] * width;
    for (var column = first; column < min(first + RUN, width); column += 1u) {
        var sum = 0.0;
        for (var place = start; place < end; place += 1u) {
            sum += arena[record.y + index[places + place] * width + column];
        }
        gradients[to + column] += sum;
    }
}
