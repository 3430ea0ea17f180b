// The recurrent part of an LSTM or a GRU, all steps in one dispatch: a team takes up to 4 rows of the batch through the
// whole sequence, one thread per unit (`recurrence_team.wgsl`), or each thread a row (`recurrence_alone.wgsl`). The input product of all steps has run before, and the products for the
// gradients of W, U, b and x run after, as linear records. A masked step carries the state on. GATES is 4 or 3; the cell
// itself (`cell`, `cell_gradient`) is in the op's file.

struct Record {
    mask: u32, // NOWHERE: every step counts
    u: u32,
    gates: u32, // in: x W + b; out: the gates
    inner: u32, // LSTM: c after each step; GRU: e of the candidate
    previous: u32, // h before each step
    y: u32,
    length: u32,
    units: u32,
    sequences: u32,
    backwards: u32,
    n_tile: u32, // rows per workgroup
    dy: u32,
    dz: u32, // by x W + b
    carried: u32, // dh and dc on their way back, per row
    turned: u32, // the transpose of U
    bias: u32, // GRU: of h U
    @size(192) de: u32, // GRU: by h U + its bias; LSTM: as dz
}

// Where a thread is.
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
