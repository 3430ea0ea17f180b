//! Geometry of the canvas: positions of nodes, handles, wires and blocks, in design pixels (before pan and zoom).
//!
//! A [`Scene`] is built from the design at every change; dragging computes new positions from it without building another.

use std::collections::{BTreeMap, BTreeSet};

use mtl_base::NodeId;
use mtl_engine::{
    design::{
        Design, Node, Port, WireId,
        layout::{self, layout},
    },
    layers::Arity,
};

/// Spacing of the grid that a dragged node snaps to, in pixels.
pub const GRID: f32 = layout::GRID;
/// Width of a node.
pub const NODE_WIDTH: f32 = 150.0;
/// Height of a node with few handles.
pub const NODE_HEIGHT: f32 = 75.0;
/// Smallest height per handle, so that handles can be distinguished by touch.
const HANDLE_PITCH: f32 = 24.0;
/// Height of the title of an open block.
pub const BLOCK_TITLE: f32 = 24.0;
/// Margin of an open block around its nodes.
const BLOCK_MARGIN: f32 = 15.0;

/// A point in the design.
pub type Point = [f32; 2];

/// A rectangle: top left corner and size.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

/// The side of a node on which a handle is: inputs on the left, outputs on the right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    Input,
    Output,
}

/// Geometry of a design.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Positions of the nodes, including those in folded blocks.
    pub nodes: BTreeMap<NodeId, Rect>,
    /// Boxes of the blocks, in their order.
    pub blocks: Vec<BlockBox>,
    /// Ends of the wires.
    pub wires: BTreeMap<WireId, (Port, Port)>,
    handles: BTreeMap<NodeId, (usize, usize)>,
    folded: BTreeMap<NodeId, usize>,
}

/// A block on the canvas.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockBox {
    pub nodes: BTreeSet<NodeId>,
    /// Whether it is drawn as one box.
    pub folded: bool,
    /// Wires that come in from outside, from top to bottom.
    pub entering: Vec<WireId>,
    /// Outputs that are used outside, from top to bottom.
    pub leaving: Vec<Port>,
}

impl Rect {
    /// A rectangle with its corner at `[x, y]`.
    pub fn at([x, y]: Point, [width, height]: Point) -> Self {
        Self { x, y, width, height }
    }

    /// The rectangle between two corners.
    pub fn between(a: Point, b: Point) -> Self {
        Self {
            x: a[0].min(b[0]),
            y: a[1].min(b[1]),
            width: (a[0] - b[0]).abs(),
            height: (a[1] - b[1]).abs(),
        }
    }

    pub fn corner(&self) -> Point {
        [self.x, self.y]
    }

    pub fn middle(&self) -> Point {
        [self.x + self.width / 2.0, self.y + self.height / 2.0]
    }

    pub fn right(&self) -> f32 {
        self.x + self.width
    }

    pub fn bottom(&self) -> f32 {
        self.y + self.height
    }

    /// Whether the two have a point in common.
    pub fn touches(&self, other: &Self) -> bool {
        self.x <= other.right()
            && other.x <= self.right()
            && self.y <= other.bottom()
            && other.y <= self.bottom()
    }

    /// The smallest rectangle around both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (x, y) = (self.x.min(other.x), self.y.min(other.y));
        Self {
            x,
            y,
            width: self.right().max(other.right()) - x,
            height: self.bottom().max(other.bottom()) - y,
        }
    }

    /// The rectangle with a margin around it.
    #[must_use]
    pub fn grown(&self, margin: f32) -> Self {
        Self {
            x: self.x - margin,
            y: self.y - margin,
            width: self.width + 2.0 * margin,
            height: self.height + 2.0 * margin,
        }
    }
}

/// Width and height of a node.
pub fn size_of(node: &Node) -> Point {
    let n_handles = node.layer.inputs().len().max(node.layer.outputs().len());
    let needed = (n_handles as f32 * HANDLE_PITCH).max(NODE_HEIGHT);
    [NODE_WIDTH, (needed / GRID).ceil() * GRID]
}

/// Widths and heights of all nodes.
pub fn sizes(design: &Design) -> BTreeMap<NodeId, Point> {
    design.nodes.iter().map(|node| (node.id, size_of(node))).collect()
}

/// Height of handle `index` of `count` below the upper edge.
pub fn handle_offset(height: f32, index: usize, count: usize) -> f32 {
    height * (index as f32 + 1.0) / (count as f32 + 1.0)
}

impl Scene {
    /// Computes the geometry of `design`; nodes without a position are laid out.
    pub fn new(design: &Design) -> Self {
        let laid_out = if design.nodes.iter().all(|node| node.position.is_some()) {
            BTreeMap::new()
        } else {
            layout(design, &sizes(design))
        };
        let nodes = design
            .nodes
            .iter()
            .map(|node| {
                let corner = node
                    .position
                    .or_else(|| laid_out.get(&node.id).copied())
                    .unwrap_or_default();
                (node.id, Rect::at(corner, size_of(node)))
            })
            .collect();
        let handles = design
            .nodes
            .iter()
            .map(|node| (node.id, (node.layer.inputs().len(), node.layer.outputs().len())))
            .collect();
        let folded = design
            .blocks
            .iter()
            .enumerate()
            .filter(|(_, block)| block.folded)
            .flat_map(|(index, block)| block.nodes.iter().map(move |node| (*node, index)))
            .collect();
        let mut scene = Self {
            nodes,
            blocks: Vec::new(),
            wires: design
                .wires
                .iter()
                .map(|wire| (wire.id, (wire.from, wire.to)))
                .collect(),
            handles,
            folded,
        };
        scene.blocks = design
            .blocks
            .iter()
            .map(|block| {
                let inside = |node: NodeId| block.nodes.contains(&node);
                let wires = || design.wires.iter();
                let mut entering: Vec<_> = wires()
                    .filter(|wire| inside(wire.to.node) && !inside(wire.from.node))
                    .collect();
                entering.sort_by(|a, b| scene.height(a.to).total_cmp(&scene.height(b.to)));
                let mut leaving: Vec<Port> = wires()
                    .filter(|wire| inside(wire.from.node) && !inside(wire.to.node))
                    .map(|wire| wire.from)
                    .collect();
                leaving.sort_by(|a, b| scene.height(*a).total_cmp(&scene.height(*b)));
                leaving.dedup();
                BlockBox {
                    nodes: block.nodes.clone(),
                    folded: block.folded,
                    entering: entering.iter().map(|wire| wire.id).collect(),
                    leaving,
                }
            })
            .collect();
        scene
    }

    fn height(&self, port: Port) -> f32 {
        self.nodes
            .get(&port.node)
            .map_or(0.0, |rect| rect.y + port.handle as f32)
    }

    /// The folded block that contains a node, if any.
    pub fn folded_in(&self, node: NodeId) -> Option<usize> {
        self.folded.get(&node).copied()
    }

    /// Position of a node, which `moved` may override.
    pub fn rect(&self, node: NodeId, moved: &BTreeMap<NodeId, Point>) -> Option<Rect> {
        let rect = self.nodes.get(&node)?;
        Some(
            moved
                .get(&node)
                .map_or(*rect, |corner| Rect::at(*corner, [rect.width, rect.height])),
        )
    }

    /// Rectangle of a block: around its nodes when it is open, a box at their centre when it is folded.
    pub fn block(&self, index: usize, moved: &BTreeMap<NodeId, Point>) -> Option<Rect> {
        let block = self.blocks.get(index)?;
        let around = block
            .nodes
            .iter()
            .filter_map(|node| self.rect(*node, moved))
            .reduce(|all, rect| all.union(&rect))?;
        Some(if block.folded {
            let n_ends = block.entering.len().max(block.leaving.len());
            let height = ((n_ends as f32 * HANDLE_PITCH).max(NODE_HEIGHT) / GRID).ceil() * GRID;
            let [x, y] = around.middle();
            Rect::at(
                [layout::snap(x - NODE_WIDTH / 2.0), layout::snap(y - height / 2.0)],
                [NODE_WIDTH, height],
            )
        } else {
            let around = around.grown(BLOCK_MARGIN);
            Rect {
                y: around.y - BLOCK_TITLE,
                height: around.height + BLOCK_TITLE,
                ..around
            }
        })
    }

    /// Centre of a handle.
    pub fn handle(&self, port: Port, side: Side, moved: &BTreeMap<NodeId, Point>) -> Option<Point> {
        let rect = self.rect(port.node, moved)?;
        let (n_inputs, n_outputs) = self.handles.get(&port.node)?;
        Some(match side {
            Side::Input => [
                rect.x,
                rect.y + handle_offset(rect.height, port.handle, *n_inputs),
            ],
            Side::Output => [
                rect.right(),
                rect.y + handle_offset(rect.height, port.handle, *n_outputs),
            ],
        })
    }

    /// Both ends of a wire as it is drawn: at its handles, or at the box of a folded block; `None` inside of one.
    pub fn ends(&self, wire: WireId, moved: &BTreeMap<NodeId, Point>) -> Option<(Point, Point)> {
        let (from, to) = self.wires.get(&wire)?;
        let (from_block, to_block) = (self.folded_in(from.node), self.folded_in(to.node));
        if from_block.is_some() && from_block == to_block {
            return None;
        }
        let start = match from_block {
            Some(index) => {
                let rect = self.block(index, moved)?;
                let leaving = &self.blocks.get(index)?.leaving;
                let place = leaving.iter().position(|port| port == from)?;
                [
                    rect.right(),
                    rect.y + handle_offset(rect.height, place, leaving.len()),
                ]
            }
            None => self.handle(*from, Side::Output, moved)?,
        };
        let end = match to_block {
            Some(index) => {
                let rect = self.block(index, moved)?;
                let entering = &self.blocks.get(index)?.entering;
                let place = entering.iter().position(|id| *id == wire)?;
                [rect.x, rect.y + handle_offset(rect.height, place, entering.len())]
            }
            None => self.handle(*to, Side::Input, moved)?,
        };
        Some((start, end))
    }

    /// Bounding box of the design.
    pub fn bounds(&self) -> Option<Rect> {
        let nothing = BTreeMap::new();
        let nodes = self
            .nodes
            .iter()
            .filter(|(node, _)| self.folded_in(**node).is_none())
            .map(|(_, rect)| *rect);
        let blocks = (0..self.blocks.len()).filter_map(|index| self.block(index, &nothing));
        nodes.chain(blocks).reduce(|all, rect| all.union(&rect))
    }

    /// The nodes that a rectangle touches; those of a folded block when it touches its box.
    pub fn touched(&self, rect: &Rect) -> BTreeSet<NodeId> {
        let nothing = BTreeMap::new();
        self.nodes
            .iter()
            .filter(|(node, place)| match self.folded_in(**node) {
                Some(index) => self
                    .block(index, &nothing)
                    .is_some_and(|place| rect.touches(&place)),
                None => rect.touches(place),
            })
            .map(|(node, _)| *node)
            .collect()
    }

    /// Wires with an end on one of `nodes`.
    pub fn wires_of<'a>(&'a self, nodes: &'a BTreeSet<NodeId>) -> impl Iterator<Item = WireId> + 'a {
        self.wires
            .iter()
            .filter(|(_, (from, to))| nodes.contains(&from.node) || nodes.contains(&to.node))
            .map(|(wire, _)| *wire)
    }

    /// A free position near `wanted` for a node of this size: moved down until it overlaps nothing.
    pub fn free_place(&self, wanted: Point, size: Point) -> Point {
        let mut place = [layout::snap(wanted[0]), layout::snap(wanted[1])];
        for _ in 0..200 {
            let rect = Rect::at(place, size).grown(-1.0);
            match self.nodes.values().find(|other| other.touches(&rect)) {
                Some(other) => place[1] = layout::snap(other.bottom() + GRID),
                None => break,
            }
        }
        place
    }
}

/// SVG path of a wire from an output to an input, horizontal at both ends.
pub fn wire_path([x1, y1]: Point, [x2, y2]: Point) -> String {
    let reach = if x2 > x1 {
        ((x2 - x1) / 2.0).clamp(20.0, 150.0)
    } else {
        ((x1 - x2) / 2.0).clamp(60.0, 220.0)
    };
    format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + reach, x2 - reach)
}

/// Whether a handle is drawn long because it takes many wires.
pub fn is_long(arity: Arity) -> bool {
    arity == Arity::Many
}

/// Alignment and distribution of nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrange {
    Left,
    Centre,
    Right,
    Top,
    Middle,
    Bottom,
    Across,
    Down,
}

/// New positions of `nodes` after aligning or distributing them.
pub fn arrange(nodes: &BTreeMap<NodeId, Rect>, how: Arrange) -> Vec<(NodeId, Point)> {
    let Some(around) = nodes.values().copied().reduce(|all, rect| all.union(&rect)) else {
        return Vec::new();
    };
    let spread = |start: fn(&Rect) -> f32, length: fn(&Rect) -> f32, total: f32| {
        let mut sorted: Vec<(&NodeId, &Rect)> = nodes.iter().collect();
        sorted.sort_by(|a, b| start(a.1).total_cmp(&start(b.1)));
        let filled: f32 = sorted.iter().map(|(_, rect)| length(rect)).sum();
        let gap = (total - filled) / (sorted.len().max(2) - 1) as f32;
        let mut at = sorted.first().map_or(0.0, |(_, rect)| start(rect));
        sorted
            .into_iter()
            .map(|(node, rect)| {
                let place = at;
                at += length(rect) + gap;
                (*node, *rect, place)
            })
            .collect::<Vec<_>>()
    };
    let each =
        |corner: &dyn Fn(&Rect) -> Point| nodes.iter().map(|(node, rect)| (*node, corner(rect))).collect();
    match how {
        Arrange::Left => each(&|rect| [around.x, rect.y]),
        Arrange::Centre => each(&|rect| [around.middle()[0] - rect.width / 2.0, rect.y]),
        Arrange::Right => each(&|rect| [around.right() - rect.width, rect.y]),
        Arrange::Top => each(&|rect| [rect.x, around.y]),
        Arrange::Middle => each(&|rect| [rect.x, around.middle()[1] - rect.height / 2.0]),
        Arrange::Bottom => each(&|rect| [rect.x, around.bottom() - rect.height]),
        Arrange::Across => spread(|rect| rect.x, |rect| rect.width, around.width)
            .into_iter()
            .map(|(node, rect, x)| (node, [x, rect.y]))
            .collect(),
        Arrange::Down => spread(|rect| rect.y, |rect| rect.height, around.height)
            .into_iter()
            .map(|(node, rect, y)| (node, [rect.x, y]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use mtl_engine::layers::Layer;

    use super::*;

    fn design() -> (Design, Vec<NodeId>) {
        let mut design = Design::new("test");
        let ids: Vec<NodeId> = [
            "token_input",
            "embedding",
            "global_average_pooling",
            "dense",
            "binary_head",
        ]
        .into_iter()
        .map(|key| design.add(key, Layer::from_key(key).unwrap()))
        .collect();
        for pair in ids.windows(2) {
            design.connect(pair[0], pair[1], 0);
        }
        for (node, x) in design.nodes.iter_mut().zip(0_u16..) {
            node.position = Some([f32::from(x) * 300.0, 0.0]);
        }
        (design, ids)
    }

    #[test]
    fn wires_run_between_handles_and_follow_what_is_dragged() {
        let (design, ids) = design();
        let scene = Scene::new(&design);
        let wire = design.wires[0].id;
        let half = NODE_HEIGHT / 2.0;
        assert_eq!(
            scene.ends(wire, &BTreeMap::new()),
            Some(([NODE_WIDTH, half], [300.0, half]))
        );
        let moved = BTreeMap::from([(ids[1], [600.0, 90.0])]);
        assert_eq!(
            scene.ends(wire, &moved),
            Some(([NODE_WIDTH, half], [600.0, 90.0 + half]))
        );
    }

    #[test]
    fn a_folded_block_hides_its_wires_and_takes_over_those_that_cross_it() {
        let (mut design, ids) = design();
        design.blocks.push(mtl_engine::design::Block {
            name: "trunk".into(),
            nodes: BTreeSet::from([ids[1], ids[2]]),
            folded: true,
        });
        let scene = Scene::new(&design);
        let nothing = BTreeMap::new();
        assert_eq!(scene.ends(design.wires[1].id, &nothing), None);
        let rect = scene.block(0, &nothing).unwrap();
        assert_eq!(scene.ends(design.wires[0].id, &nothing).unwrap().1[0], rect.x);
        assert_eq!(
            scene.ends(design.wires[2].id, &nothing).unwrap().0[0],
            rect.right()
        );
        assert_eq!(scene.touched(&rect), BTreeSet::from([ids[1], ids[2]]));
    }

    #[test]
    fn arranging_aligns_edges_and_equalises_gaps() {
        let rect = |x: f32, y: f32| Rect {
            x,
            y,
            width: 10.0,
            height: 10.0,
        };
        let nodes = BTreeMap::from([
            (NodeId(0), rect(0.0, 5.0)),
            (NodeId(1), rect(15.0, 0.0)),
            (NodeId(2), rect(90.0, 50.0)),
        ]);
        let places = |how| {
            arrange(&nodes, how)
                .into_iter()
                .map(|(_, corner)| corner)
                .collect::<Vec<_>>()
        };
        assert_eq!(places(Arrange::Top), [[0.0, 0.0], [15.0, 0.0], [90.0, 0.0]]);
        assert_eq!(places(Arrange::Right), [[90.0, 5.0], [90.0, 0.0], [90.0, 50.0]]);
        assert_eq!(places(Arrange::Across), [[0.0, 5.0], [45.0, 0.0], [90.0, 50.0]]);
    }

    #[test]
    fn a_new_node_does_not_cover_another() {
        let (design, _) = design();
        let scene = Scene::new(&design);
        let place = scene.free_place([3.0, 2.0], [NODE_WIDTH, NODE_HEIGHT]);
        assert_eq!(place, [0.0, NODE_HEIGHT + GRID]);
    }
}
