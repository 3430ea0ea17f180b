// The recurrent part of an LSTM or a GRU, all steps in one dispatch: a team processes up to 4 rows of the batch over the
// whole sequence, one thread per unit (`recurrence_team.wgsl`), or each thread one row (`recurrence_alone.wgsl`). The input product of all steps has run before, and the products for the
// gradients of W, U, b and x run afterwards, as linear records. A masked step keeps the state. GATES is 4 or 3; the cell
// itself (`cell`, `cell_gradient`) is in the op's file.

// Position of a thread.
struct Step {
    unit: u32,
    place: u32, // step of a row
    before: u32, // the step that was read before it
    is_first: bool,
    counts: bool,
}

fn step_counts(record: Record, row: u32, t: u32) -> bool {
    return row < n_rows() && counts(record.mask, row * record.length + t);
}

fn step_at(record: Record, unit: u32, row: u32, s: u32, does_count: bool) -> Step {
    let length = record.length;
    let is_back = record.backwards != 0u;
    let place = row * length + select(s, length - 1u - s, is_back);
    return Step(unit, place, select(place - 1u, place + 1u, is_back), s == 0u, does_count);
}
