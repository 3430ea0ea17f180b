// Adds a table, one thread per number. Its gradients are sums: of one term for x, over the rows for the table.

fn forward_at(record: Record, i: u32) {
    arena[record.y + i] = arena[record.x + i] + values[record.table + i % record.per_row];
}
