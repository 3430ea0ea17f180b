// Adds a table, one thread per number. Its gradients are sums: of one term for x, over the rows for the table.

struct Record {
    x: u32,
    y: u32,
    per_row: u32,
    @size(244) table: u32,
}

fn forward_at(record: Record, i: u32) {
    arena[record.y + i] = arena[record.x + i] + values[record.table + i % record.per_row];
}
