//! The graph of a design: topological order, cycles, the tasks that reach each node, and what lies before and behind a node.

use std::collections::{BTreeMap, BTreeSet};

use super::{Design, Wire};
use mtl_base::NodeId;
use mtl_program::specs::{MAX_TASKS, TaskSet};

/// A design as a graph over positions in its list of nodes. Wires whose ends do not exist are left out.
pub struct Graph<'a> {
    positions: BTreeMap<NodeId, usize>,
    /// Wires into each node, in the order of their ids.
    into: Vec<Vec<&'a Wire>>,
    design: &'a Design,
    /// Topological order, by position among equals; nodes in or behind a cycle are missing.
    pub order: Vec<usize>,
    /// Cycles, one for each that had to be broken.
    pub cycles: Vec<Vec<usize>>,
    /// Heads, in the order of the tasks.
    pub heads: Vec<usize>,
    /// Whether a head is reached over wires.
    pub needed: Vec<bool>,
    /// Tasks whose losses reach the node.
    pub tasks: Vec<TaskSet>,
}

impl<'a> Graph<'a> {
    /// Analyses a design.
    pub fn new(design: &'a Design) -> Self {
        let n = design.nodes.len();
        let mut positions = BTreeMap::new();
        for (index, node) in design.nodes.iter().enumerate() {
            positions.entry(node.id).or_insert(index);
        }
        let heads = (0..n)
            .filter(|index| design.nodes[*index].layer.is_head())
            .collect();
        let mut graph = Self {
            positions,
            into: vec![Vec::new(); n],
            design,
            order: Vec::new(),
            cycles: Vec::new(),
            heads,
            needed: vec![false; n],
            tasks: vec![TaskSet::EMPTY; n],
        };
        for wire in &design.wires {
            if let Some((_, to)) = graph.ends(wire) {
                graph.into[to].push(wire);
            }
        }
        for wires in &mut graph.into {
            wires.sort_by_key(|wire| wire.id);
        }
        graph.sort();
        graph.reach();
        graph
    }

    /// Positions of a wire's ends; `None` when a node or a handle does not exist.
    pub fn ends(&self, wire: &Wire) -> Option<(usize, usize)> {
        let (from, to) = (
            *self.positions.get(&wire.from.node)?,
            *self.positions.get(&wire.to.node)?,
        );
        let exists = wire.from.handle < self.design.nodes[from].layer.outputs().len()
            && wire.to.handle < self.design.nodes[to].layer.inputs().len();
        exists.then_some((from, to))
    }

    /// Wires into a handle, in the order of their ids.
    pub fn wires_into(&self, index: usize, handle: usize) -> impl Iterator<Item = &'a Wire> {
        self.into[index]
            .iter()
            .copied()
            .filter(move |wire| wire.to.handle == handle)
    }

    fn sources(&self, index: usize) -> impl Iterator<Item = usize> {
        self.into[index]
            .iter()
            .filter_map(|wire| self.positions.get(&wire.from.node).copied())
    }

    fn sort(&mut self) {
        let n = self.into.len();
        let edges = (0..n).flat_map(|to| self.sources(to).map(move |from| (from, to)));
        self.order = sorted(n, edges);
        let mut done = vec![false; n];
        for index in &self.order {
            done[*index] = true;
        }
        // Every remaining node has a remaining source, so walking back from any of them runs into a cycle.
        let mut left = BTreeSet::from_iter((0..n).filter(|index| !done[*index]));
        while let Some(start) = left.first().copied() {
            let mut path = vec![start];
            let mut at = start;
            let cycle = loop {
                let Some(source) = self.sources(at).find(|source| left.contains(source)) else {
                    break Vec::new();
                };
                if let Some(from) = path.iter().position(|index| *index == source) {
                    break path[from..].iter().rev().copied().collect();
                }
                path.push(source);
                at = source;
            };
            if cycle.is_empty() {
                // Behind a cycle that has been reported already.
                left.remove(&at);
            } else {
                for index in &cycle {
                    left.remove(index);
                }
                self.cycles.push(cycle);
            }
        }
    }

    fn reach(&mut self) {
        for (task_idx, head) in self.heads.iter().take(MAX_TASKS).enumerate() {
            // Per node: whether it was reached with and without a way for the gradient.
            let reached = walk((*head, true), |(index, flows), before| {
                let flows = flows && !self.design.nodes[index].layer.stops_gradient();
                before.extend(self.sources(index).map(|source| (source, flows)));
            });
            for (index, flows) in reached {
                self.needed[index] = true;
                if flows {
                    self.tasks[index] = self.tasks[index].union(TaskSet::of(task_idx));
                }
            }
        }
        for head in self.heads.iter().skip(MAX_TASKS) {
            self.needed[*head] = true;
        }
    }
}

/// `start` and all that is reached from it; `next` pushes what one step leads to.
fn walk<T: Copy + Ord>(start: T, mut next: impl FnMut(T, &mut Vec<T>)) -> BTreeSet<T> {
    let mut seen = BTreeSet::from_iter([start]);
    let (mut open, mut found) = (vec![start], Vec::new());
    while let Some(at) = open.pop() {
        next(at, &mut found);
        open.extend(found.drain(..).filter(|other| seen.insert(*other)));
    }
    seen
}

/// `node` and all that leads to it over `wires` through nodes that `within` accepts.
pub fn ancestors<'a>(
    wires: impl IntoIterator<Item = &'a Wire>,
    node: NodeId,
    within: impl Fn(NodeId) -> bool,
) -> BTreeSet<NodeId> {
    let edges = wires.into_iter().map(|wire| (wire.to.node, wire.from.node));
    along(edges.collect(), node, &within)
}

/// `node` and all that it leads to over `wires` through nodes that `within` accepts.
pub fn descendants<'a>(
    wires: impl IntoIterator<Item = &'a Wire>,
    node: NodeId,
    within: impl Fn(NodeId) -> bool,
) -> BTreeSet<NodeId> {
    let edges = wires.into_iter().map(|wire| (wire.from.node, wire.to.node));
    along(edges.collect(), node, &within)
}

fn along(
    mut edges: Vec<(NodeId, NodeId)>,
    start: NodeId,
    within: &dyn Fn(NodeId) -> bool,
) -> BTreeSet<NodeId> {
    edges.sort_unstable();
    walk(start, |node, after| {
        let first = edges.partition_point(|(from, _)| *from < node);
        let own = edges[first..].iter().take_while(|(from, _)| *from == node);
        after.extend(own.map(|(_, to)| *to).filter(|to| within(*to)));
    })
}

/// Topological order of `n` positions, the smallest first among equals; positions in or behind a cycle are missing.
pub(super) fn sorted(n: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut targets: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut waiting = vec![0_usize; n];
    for (from, to) in edges {
        targets[from].push(to);
        waiting[to] += 1;
    }
    let mut ready = BTreeSet::from_iter((0..n).filter(|index| waiting[*index] == 0));
    let mut order = Vec::with_capacity(n);
    while let Some(index) = ready.pop_first() {
        order.push(index);
        for target in &targets[index] {
            waiting[*target] -= 1;
            if waiting[*target] == 0 {
                ready.insert(*target);
            }
        }
    }
    order
}

/// Node ids in topological order; those in or behind a cycle come last, in the order of the design.
pub fn topological(design: &Design) -> Vec<NodeId> {
    let mut order = Graph::new(design).order;
    let placed = BTreeSet::from_iter(order.iter().copied());
    order.extend((0..design.nodes.len()).filter(|index| !placed.contains(index)));
    order.iter().map(|index| design.nodes[*index].id).collect()
}
