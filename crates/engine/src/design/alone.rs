//! A task alone: the part of a design that one head needs.

use mtl_base::NodeId;

use super::{Design, graph::ancestors};

impl Design {
    /// The design without everything that the head `head` does not need: the other heads, what leads to them only, and notes.
    /// Nodes keep their ids, names, settings and places, so that the layers that stay begin with the same parameters from the
    /// same seed. `None` when `head` is no head of this design.
    ///
    /// ```
    /// use mtl_engine::design::{Design, presets};
    /// use mtl_engine::layers::{BinaryHead, Dense, DenseInput};
    ///
    /// let mut design = Design::new("two tasks");
    /// let x = design.add("x", DenseInput::default());
    /// let shared = design.add("shared", Dense::default());
    /// let tower = design.add("tower of b", Dense::default());
    /// let [a, b] = ["a", "b"].map(|name| design.add(name, BinaryHead::default()));
    /// for (from, to) in [(x, shared), (shared, a), (shared, tower), (tower, b)] {
    ///     design.connect(from, to, 0);
    /// }
    /// let alone = design.alone(a).expect("a head");
    /// let names: Vec<&str> = alone.nodes.iter().map(|node| node.name.as_str()).collect();
    /// assert_eq!(names, ["x", "shared", "a"]);
    /// assert!(design.alone(shared).is_none());
    /// ```
    pub fn alone(&self, head: NodeId) -> Option<Self> {
        let node = self.node(head).filter(|node| node.layer.is_head())?;
        let kept = ancestors(&self.wires, head, |_| true);
        let has = |id: &NodeId| kept.contains(id);
        Some(Self {
            version: self.version,
            name: format!("{}: {}", self.name, node.name),
            nodes: self.nodes.iter().filter(|node| has(&node.id)).cloned().collect(),
            wires: self
                .wires
                .iter()
                .filter(|wire| has(&wire.from.node) && has(&wire.to.node))
                .cloned()
                .collect(),
            blocks: Vec::new(),
            notes: Vec::new(),
            ties: self
                .ties
                .iter()
                .filter(|tie| has(&tie.a) && has(&tie.b))
                .cloned()
                .collect(),
        })
    }
}
