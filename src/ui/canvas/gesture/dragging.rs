//! Dragging nodes: they are moved in the DOM only, and in the document once, at the end.

use std::collections::BTreeMap;

use mtl_base::NodeId;
use mtl_engine::design::{WireId, compose, edit::Edit, layout::snap};

use super::super::{
    dom,
    editor::Editor,
    scene::{GRID, Point, Scene},
};
use crate::i18n::{canvas::T, fill_message};

/// Nodes that are being dragged.
pub(super) struct Drag {
    pub(super) scene: Scene,
    pub(super) start: Point,
    pub(super) grabbed: NodeId,
    pub(super) from: BTreeMap<NodeId, Point>,
    pub(super) moved: BTreeMap<NodeId, Point>,
    pub(super) wires: Vec<WireId>,
    pub(super) blocks: Vec<usize>,
}

impl Drag {
    pub(super) fn to(&mut self, here: Point, free: bool) {
        let Some(grabbed) = self.from.get(&self.grabbed) else {
            return;
        };
        let mut by = [here[0] - self.start[0], here[1] - self.start[1]];
        if !free {
            // The node under the pointer snaps to the grid, and the others keep their offset from it.
            by = [
                snap(grabbed[0] + by[0]) - grabbed[0],
                snap(grabbed[1] + by[1]) - grabbed[1],
            ];
        }
        let moved: BTreeMap<NodeId, Point> = self
            .from
            .iter()
            .map(|(node, [x, y])| (*node, [x + by[0], y + by[1]]))
            .collect();
        if moved != self.moved {
            dom::place(&self.scene, &moved, &self.wires, &self.blocks);
            self.moved = moved;
        }
    }

    pub(super) fn finish(self, editor: &Editor) {
        if self.moved == self.from {
            return;
        }
        // A single unconnected node that is dropped on a wire is inserted into it.
        if let Some(wire) = self.wire_below(editor) {
            let mut ids = editor.document.get().ids();
            let design = editor.design();
            if let Some(node) = design.node(self.grabbed)
                && let Ok(mut edits) = compose::insert_on_wire(&design, wire, node, &mut ids)
            {
                edits.insert(
                    0,
                    Edit::Move {
                        positions: self.moved.into_iter().collect(),
                    },
                );
                editor.edit_all(fill_message(T.insert_node, &[&node.name]), &edits);
                return;
            }
        }
        let positions: Vec<(NodeId, Point)> = self.moved.iter().map(|(node, at)| (*node, *at)).collect();
        let name = Edit::Move {
            positions: positions.clone(),
        }
        .describe(&editor.design());
        if !editor.edit_all(name, &[Edit::Move { positions }]) {
            self.back();
        }
    }

    fn wire_below(&self, editor: &Editor) -> Option<WireId> {
        let design = editor.design();
        let is_free = !design
            .wires
            .iter()
            .any(|wire| wire.from.node == self.grabbed || wire.to.node == self.grabbed);
        if self.moved.len() != 1 || !is_free {
            return None;
        }
        let [x, y] = self.scene.rect(self.grabbed, &self.moved)?.middle();
        let nothing = BTreeMap::new();
        self.scene.wires.keys().copied().find(|wire| {
            self.scene.ends(*wire, &nothing).is_some_and(|(start, end)| {
                let share = (x - start[0]) / (end[0] - start[0]);
                let eased = share * share * (3.0 - 2.0 * share);
                (0.05..=0.95).contains(&share)
                    && (start[1] + (end[1] - start[1]) * eased - y).abs() < 2.0 * GRID
            })
        })
    }

    pub(super) fn back(&self) {
        dom::place(&self.scene, &self.from, &self.wires, &self.blocks);
    }
}
