//! The graph of a design: topological order, cycles, and the tasks that reach each node.

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
            order: Vec::with_capacity(n),
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
        let mut targets: Vec<Vec<usize>> = vec![Vec::new(); n];
        let mut waiting = vec![0_usize; n];
        for (to, waiting) in waiting.iter_mut().enumerate() {
            for from in self.sources(to) {
                targets[from].push(to);
                *waiting += 1;
            }
        }
        let mut ready = BTreeSet::from_iter((0..n).filter(|index| waiting[*index] == 0));
        let mut done = vec![false; n];
        while let Some(index) = ready.pop_first() {
            done[index] = true;
            self.order.push(index);
            for target in &targets[index] {
                waiting[*target] -= 1;
                if waiting[*target] == 0 {
                    ready.insert(*target);
                }
            }
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
            let task = TaskSet::of(task_idx);
            // Per node: whether it was visited with and without a way for the gradient.
            let mut stack = vec![(*head, true)];
            let mut seen = vec![[false; 2]; self.into.len()];
            while let Some((index, flows)) = stack.pop() {
                if std::mem::replace(&mut seen[index][usize::from(flows)], true) {
                    continue;
                }
                self.needed[index] = true;
                if flows {
                    self.tasks[index] = self.tasks[index].union(task);
                }
                let flows = flows && !self.design.nodes[index].layer.stops_gradient();
                for wire in &self.into[index] {
                    if let Some(source) = self.positions.get(&wire.from.node) {
                        stack.push((*source, flows));
                    }
                }
            }
        }
        for head in self.heads.iter().skip(MAX_TASKS) {
            self.needed[*head] = true;
        }
    }
}
