// Numeric inputs: from the rows of the data set to the arena.

struct Record {
    column: u32, // word of the step that says where the column starts
    y: u32,
    @size(248) per_row: u32,
}

fn load_at(record: Record, i: u32) {
    let width = record.per_row;
    arena[record.y + i] = bitcast<f32>(datum(record.column, width, i / width, i % width));
}
