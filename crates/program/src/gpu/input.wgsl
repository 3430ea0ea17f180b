// Numeric inputs: from the rows of the data set to the arena.

fn load_at(record: Record, i: u32) {
    let width = record.per_row;
    arena[record.y + i] = bitcast<f32>(datum(record.column, width, i / width, i % width));
}
