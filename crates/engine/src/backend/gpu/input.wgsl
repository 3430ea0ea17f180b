// Numeric inputs: from the rows of the data set to the arena.

struct Record {
    column: u32, // word of the step that says where the column starts
    y: u32,
    @size(248) per_row: u32,
}

fn load_at(z: u32, i: u32) {
    let width = records[z].per_row;
    arena[records[z].y + i] = bitcast<f32>(datum(records[z].column, width, i / width, i % width));
}
