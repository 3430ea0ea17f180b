//! Automatic layout: layered, left to right, with few crossings.
//!
//! The steps of Sugiyama's method: wires that close a cycle are reversed for the layout; every node is put in the
//! column of its longest path from an input, heads in the last one; wires that span several columns get bends; the order
//! within a column follows the barycentre of the neighbours, swept to and fro with adjacent exchanges, and the order
//! with the fewest crossings is kept; last, every node is pulled to the mean height of its neighbours as far as the
//! order allows (isotonic regression, solved exactly by pooling adjacent violators). Connected components are placed
//! below each other. The layout is deterministic.

use std::collections::{BTreeMap, BTreeSet};

use super::{Design, graph::sorted};
use mtl_base::NodeId;

/// Distance between columns, in pixels.
pub const COLUMN_GAP: f32 = 45.0;
/// Distance between nodes of a column, in pixels.
pub const ROW_GAP: f32 = 30.0;
/// Positions are multiples of this, in pixels.
pub const GRID: f32 = 15.0;
/// Size of a node that the caller did not give, in pixels.
pub const DEFAULT_SIZE: [f32; 2] = [150.0, 75.0];
/// Height reserved for a wire that passes a column, in pixels.
const BEND_HEIGHT: f32 = 15.0;
const SWEEPS: usize = 12;

/// Top left corners for all nodes; `sizes` are widths and heights in pixels.
pub fn layout(design: &Design, sizes: &BTreeMap<NodeId, [f32; 2]>) -> BTreeMap<NodeId, [f32; 2]> {
    let index: BTreeMap<NodeId, usize> = BTreeMap::from_iter(
        design
            .nodes
            .iter()
            .enumerate()
            .map(|(position, node)| (node.id, position)),
    );
    let mut wires: Vec<_> = design.wires.iter().collect();
    wires.sort_by_key(|wire| (wire.to.node, wire.to.handle, wire.id));
    let mut seen = BTreeSet::new();
    let edges: Vec<(usize, usize)> = wires
        .iter()
        .filter_map(|wire| Some((*index.get(&wire.from.node)?, *index.get(&wire.to.node)?)))
        .filter(|(from, to)| from != to && seen.insert((*from, *to)))
        .collect();
    let size = |node: usize| sizes.get(&design.nodes[node].id).copied().unwrap_or(DEFAULT_SIZE);
    let heads: Vec<bool> = design.nodes.iter().map(|node| node.layer.is_head()).collect();

    let mut corners = BTreeMap::new();
    let mut top = 0.0_f32;
    for part in parts(design.nodes.len(), &edges) {
        let mut graph = Layered::new(&part, &edges, &heads, &size);
        graph.order();
        graph.place();
        let xs = graph.column_starts();
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for cell in &graph.cells {
            low = low.min(cell.y);
            high = high.max(cell.y + cell.size[1]);
        }
        for cell in &graph.cells {
            if let Some(node) = cell.node {
                // A narrow node stands in the middle of its column.
                let x = xs[cell.column] + (graph.widths[cell.column] - cell.size[0]) / 2.0;
                corners.insert(design.nodes[node].id, [snap(x), snap(top + cell.y - low)]);
            }
        }
        top = snap(top + high - low + 2.0 * ROW_GAP);
    }
    corners
}

/// The nearest multiple of the grid.
pub fn snap(value: f32) -> f32 {
    (value / GRID).round() * GRID
}

/// Connected components, each in the order of the nodes.
fn parts(n_nodes: usize, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut root: Vec<usize> = (0..n_nodes).collect();
    fn find(root: &mut [usize], mut node: usize) -> usize {
        while root[node] != node {
            root[node] = root[root[node]];
            node = root[node];
        }
        node
    }
    for (a, b) in edges {
        let (a, b) = (find(&mut root, *a), find(&mut root, *b));
        root[a.max(b)] = a.min(b);
    }
    let mut parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for node in 0..n_nodes {
        parts.entry(find(&mut root, node)).or_default().push(node);
    }
    let mut parts: Vec<Vec<usize>> = parts.into_values().collect();
    // Components with several nodes first, then single nodes.
    parts.sort_by_key(|part| part.len() == 1);
    parts
}

/// A node, or a bend of a wire, in its column.
struct Cell {
    /// Index of the node in the design; `None` for a bend.
    node: Option<usize>,
    column: usize,
    size: [f32; 2],
    before: Vec<usize>,
    after: Vec<usize>,
    y: f32,
}

struct Layered {
    cells: Vec<Cell>,
    /// Cells of every column from top to bottom.
    columns: Vec<Vec<usize>>,
    widths: Vec<f32>,
}

impl Layered {
    fn new(
        part: &[usize],
        edges: &[(usize, usize)],
        heads: &[bool],
        size: &impl Fn(usize) -> [f32; 2],
    ) -> Self {
        let local: BTreeMap<usize, usize> =
            BTreeMap::from_iter(part.iter().enumerate().map(|(position, node)| (*node, position)));
        let inner: Vec<(usize, usize)> = edges
            .iter()
            .filter_map(|(a, b)| Some((*local.get(a)?, *local.get(b)?)))
            .collect();
        let edges = without_cycles(part.len(), &inner);
        let columns = columns_of(part.len(), &edges, |node| heads[part[node]]);
        let cell = |node: Option<usize>, column: usize, size: [f32; 2]| Cell {
            node,
            column,
            size,
            before: Vec::new(),
            after: Vec::new(),
            y: 0.0,
        };
        let mut cells: Vec<Cell> = part
            .iter()
            .zip(&columns)
            .map(|(node, column)| cell(Some(*node), *column, size(*node)))
            .collect();
        for (from, to) in edges {
            let mut last = from;
            for column in columns[from] + 1..columns[to] {
                cells.push(cell(None, column, [0.0, BEND_HEIGHT]));
                let bend = cells.len() - 1;
                cells[last].after.push(bend);
                cells[bend].before.push(last);
                last = bend;
            }
            cells[last].after.push(to);
            cells[to].before.push(last);
        }
        let n_columns = columns.iter().max().map_or(0, |last| last + 1);
        let mut widths = vec![0.0_f32; n_columns];
        for cell in &cells {
            widths[cell.column] = widths[cell.column].max(cell.size[0]);
        }
        let columns = first_order(&cells, n_columns);
        Self {
            cells,
            columns,
            widths,
        }
    }

    /// Left edges of the columns.
    fn column_starts(&self) -> Vec<f32> {
        let mut x = 0.0;
        self.widths
            .iter()
            .map(|width| {
                let start = x;
                x += width + COLUMN_GAP;
                start
            })
            .collect()
    }

    /// Orders the cells of every column so as to reduce crossings.
    fn order(&mut self) {
        let mut best = self.columns.clone();
        let mut fewest = self.crossings();
        for sweep in 0..SWEEPS {
            if fewest == 0 {
                break;
            }
            let forward = sweep % 2 == 0;
            let n_columns = self.columns.len();
            for step in 1..n_columns {
                let column = if forward { step } else { n_columns - 1 - step };
                self.sort_column(column, forward);
            }
            self.exchange();
            let crossings = self.crossings();
            if crossings < fewest {
                fewest = crossings;
                best.clone_from(&self.columns);
            }
        }
        self.columns = best;
    }

    fn ranks(&self) -> Vec<f32> {
        let mut ranks = vec![0.0; self.cells.len()];
        for column in &self.columns {
            for (rank, cell) in column.iter().enumerate() {
                ranks[*cell] = rank as f32;
            }
        }
        ranks
    }

    fn sort_column(&mut self, column: usize, forward: bool) {
        let ranks = self.ranks();
        let key = |cell: usize| {
            let neighbours = if forward {
                &self.cells[cell].before
            } else {
                &self.cells[cell].after
            };
            if neighbours.is_empty() {
                ranks[cell]
            } else {
                neighbours.iter().map(|other| ranks[*other]).sum::<f32>() / neighbours.len() as f32
            }
        };
        let mut keyed: Vec<(f32, usize)> = self.columns[column]
            .iter()
            .map(|cell| (key(*cell), *cell))
            .collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.columns[column] = keyed.into_iter().map(|(_, cell)| cell).collect();
    }

    /// Exchanges neighbours in a column while that removes crossings.
    fn exchange(&mut self) {
        for _ in 0..4 {
            let mut ranks = self.ranks();
            let mut better = false;
            for column in &mut self.columns {
                for upper in 1..column.len() {
                    let (a, b) = (column[upper - 1], column[upper]);
                    let cost = |first: usize, second: usize| {
                        pair_crossings(&self.cells[first].before, &self.cells[second].before, &ranks)
                            + pair_crossings(&self.cells[first].after, &self.cells[second].after, &ranks)
                    };
                    if cost(b, a) < cost(a, b) {
                        column.swap(upper - 1, upper);
                        ranks.swap(a, b);
                        better = true;
                    }
                }
            }
            if !better {
                break;
            }
        }
    }

    fn crossings(&self) -> usize {
        let ranks = self.ranks();
        let mut total = 0;
        for column in &self.columns {
            let mut ends: Vec<(usize, usize)> = Vec::new();
            for (rank, cell) in column.iter().enumerate() {
                ends.extend(
                    self.cells[*cell]
                        .after
                        .iter()
                        .map(|next| (rank, ranks[*next] as usize)),
                );
            }
            ends.sort_by_key(|end| *end);
            // Inversions of the second coordinate, counted with a Fenwick tree.
            let size = ends.iter().map(|(_, end)| end + 1).max().unwrap_or(0);
            let mut tree = vec![0_usize; size + 1];
            for (count, (_, end)) in ends.iter().enumerate() {
                let (mut at, mut not_above) = (end + 1, 0);
                while at > 0 {
                    not_above += tree[at];
                    at &= at - 1;
                }
                total += count - not_above;
                at = end + 1;
                while at <= size {
                    tree[at] += 1;
                    at += at & at.wrapping_neg();
                }
            }
        }
        total
    }

    /// Computes the vertical position of every cell.
    fn place(&mut self) {
        for column in &self.columns {
            let mut y = 0.0;
            for cell in column {
                self.cells[*cell].y = y;
                y += self.cells[*cell].size[1] + ROW_GAP;
            }
        }
        let n_columns = self.columns.len();
        for sweep in 0..2 * SWEEPS {
            for step in 0..n_columns {
                let column = if sweep % 2 == 0 {
                    step
                } else {
                    n_columns - 1 - step
                };
                self.relax(column, sweep + 2 >= 2 * SWEEPS);
            }
        }
    }

    /// Moves the cells of a column as near as the order allows to the mean middle of their neighbours.
    fn relax(&mut self, column: usize, both_sides: bool) {
        let cells = &self.columns[column];
        let middle = |cell: usize| self.cells[cell].y + self.cells[cell].size[1] / 2.0;
        let mut offset = 0.0;
        let mut offsets = Vec::with_capacity(cells.len());
        // Pools of adjacent cells: (weighted sum of desired positions, weight, number of cells).
        let mut pools: Vec<(f32, f32, usize)> = Vec::new();
        for id in cells {
            let cell = &self.cells[*id];
            let (mut sum, mut weight) = (0.0, 0.0);
            for neighbour in cell.before.iter().chain(&cell.after) {
                // Wires between bends have a larger weight, since long wires should be straight.
                let bends = u8::from(cell.node.is_none()) + u8::from(self.cells[*neighbour].node.is_none());
                let pull = if both_sides {
                    1.0
                } else {
                    [1.0, 2.0, 8.0][usize::from(bends)]
                };
                sum += pull * middle(*neighbour);
                weight += pull;
            }
            let wish = if weight > 0.0 {
                sum / weight - cell.size[1] / 2.0
            } else {
                cell.y
            };
            let weight = weight.max(0.1);
            offsets.push(offset);
            let mut pool = ((wish - offset) * weight, weight, 1);
            while let Some(last) = pools.last().filter(|last| last.0 / last.1 >= pool.0 / pool.1) {
                pool = (pool.0 + last.0, pool.1 + last.1, pool.2 + last.2);
                pools.pop();
            }
            pools.push(pool);
            offset += cell.size[1] + ROW_GAP;
        }
        let mut placed = 0;
        for (sum, weight, count) in pools {
            for _ in 0..count {
                let id = self.columns[column][placed];
                self.cells[id].y = sum / weight + offsets[placed];
                placed += 1;
            }
        }
    }
}

/// Crossings between the wires of two cells when `upper` stands above `lower`.
fn pair_crossings(upper: &[usize], lower: &[usize], ranks: &[f32]) -> usize {
    upper
        .iter()
        .map(|a| lower.iter().filter(|b| ranks[*a] > ranks[**b]).count())
        .sum()
}

/// Depth-first from the first column, as an initial order in which connected cells are adjacent.
fn first_order(cells: &[Cell], n_columns: usize) -> Vec<Vec<usize>> {
    let mut columns = vec![Vec::new(); n_columns];
    let mut seen = vec![false; cells.len()];
    let mut starts: Vec<usize> = (0..cells.len())
        .filter(|cell| cells[*cell].before.is_empty())
        .collect();
    starts.sort_by_key(|cell| cells[*cell].column);
    for start in starts {
        let mut open = vec![start];
        while let Some(cell) = open.pop() {
            if !seen[cell] {
                seen[cell] = true;
                columns[cells[cell].column].push(cell);
                open.extend(cells[cell].after.iter().rev());
            }
        }
    }
    columns
}

/// Reverses the edges that close a cycle in depth-first order.
fn without_cycles(n_nodes: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut after = vec![Vec::new(); n_nodes];
    for (edge, (from, _)) in edges.iter().enumerate() {
        after[*from].push(edge);
    }
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; n_nodes];
    let mut result = edges.to_vec();
    for start in 0..n_nodes {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let Some(edge) = after[*node].get(*next).copied() else {
                marks[*node] = Mark::Done;
                path.pop();
                continue;
            };
            *next += 1;
            let to = edges[edge].1;
            match marks[to] {
                Mark::New => {
                    marks[to] = Mark::Open;
                    path.push((to, 0));
                }
                Mark::Open => result[edge] = (to, edges[edge].0),
                Mark::Done => {}
            }
        }
    }
    let mut seen = BTreeSet::new();
    result.retain(|edge| seen.insert(*edge));
    result
}

/// Column of every node: the longest path that leads to it; inputs stand just before their first use, heads last.
fn columns_of(n_nodes: usize, edges: &[(usize, usize)], is_head: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut before = vec![Vec::new(); n_nodes];
    let mut after = vec![Vec::new(); n_nodes];
    for (from, to) in edges {
        before[*to].push(*from);
        after[*from].push(*to);
    }
    let order = sorted(n_nodes, edges.iter().copied());
    let mut columns = vec![0; n_nodes];
    for node in &order {
        for next in &after[*node] {
            columns[*next] = columns[*next].max(columns[*node] + 1);
        }
    }
    let last = columns.iter().copied().max().unwrap_or(0);
    for node in order.into_iter().rev() {
        match after[node].iter().map(|next| columns[*next]).min() {
            Some(first_use) if before[node].is_empty() => columns[node] = first_use - 1,
            None if is_head(node) => columns[node] = last,
            _ => {}
        }
    }
    columns
}
