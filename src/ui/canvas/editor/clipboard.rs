//! Copying, pasting, duplicating, deleting.

use std::{cell::RefCell, collections::BTreeSet};

use mtl_base::NodeId;
use mtl_engine::design::{
    Design,
    compose::{self, Fragment},
    edit::{self, Edit},
    layout::snap,
};

use super::{
    super::scene::{self, GRID, Point},
    Editor,
};
use crate::{
    i18n::{canvas::T, fill_message},
    state::storage,
};

const CLIPBOARD: &str = "clipboard";

thread_local! {
    /// What was copied last, when there is no storage for it: then other windows cannot paste it.
    static UNSTORED: RefCell<Option<Fragment>> = const { RefCell::new(None) };
}

impl Editor {
    /// Deletes what is selected; the neighbours of deleted nodes are connected where types allow.
    pub fn delete_selection(&self) {
        let (selection, notes) = (self.selection.get(), self.canvas.notes.get());
        if self.is_locked() {
            return;
        }
        let (design, mut ids) = (self.design(), self.document.get().ids());
        let mut edits = Vec::new();
        if !selection.wires.is_empty() {
            edits.push(Edit::Disconnect {
                wires: selection.wires.clone(),
            });
        }
        if !selection.nodes.is_empty() {
            let mut rest = Design::clone(&design);
            if edit::apply_all(&mut rest, &edits).is_ok() {
                edits.extend(compose::remove_and_splice(&rest, &selection.nodes, &mut ids));
            }
        }
        edits.extend(notes.iter().map(|note| Edit::RemoveNote { note: *note }));
        let Some(first) = edits.first() else {
            self.say(T.nothing_is_selected.into());
            return;
        };
        let name = if selection.nodes.is_empty() {
            first.describe(&design)
        } else {
            Edit::RemoveNodes {
                nodes: selection.nodes.clone(),
            }
            .describe(&design)
        };
        if self.edit_all(name, &edits) {
            self.clear_selection();
        }
    }

    /// Copies the selected nodes; they can be pasted into another document too.
    pub fn copy(&self) {
        let nodes = self.selected();
        if nodes.is_empty() {
            self.say(T.nothing_is_selected.into());
            return;
        }
        let fragment = Fragment::copy(&self.placed(), &nodes);
        let is_stored = storage::save(CLIPBOARD, &fragment);
        UNSTORED.set((!is_stored).then_some(fragment));
        self.say(fill_message(T.copied, &[&nodes.len()]));
    }

    /// Copies and deletes the selected nodes.
    pub fn cut(&self) {
        self.copy();
        self.delete_selection();
    }

    /// Pastes the clipboard, near `at` or beside the original.
    pub fn paste(&self, at: Option<Point>) {
        if self.is_locked() {
            return;
        }
        let copied = UNSTORED.with_borrow(Clone::clone);
        let copied = copied.or_else(|| storage::load::<Fragment>(CLIPBOARD));
        let Some(fragment) = copied.filter(|fragment| !fragment.nodes.is_empty()) else {
            self.say(T.nothing_copied.into());
            return;
        };
        let corner = fragment.corner().unwrap_or_default();
        let scene = self.scene();
        let wanted = at.unwrap_or([corner[0] + 2.0 * GRID, corner[1] + 2.0 * GRID]);
        let place = scene.free_place(wanted, [scene::NODE_WIDTH, scene::NODE_HEIGHT]);
        let mut ids = self.document.get().ids();
        let offset = [place[0] - corner[0], place[1] - corner[1]];
        let (edits, fresh) = fragment.paste(&self.design(), &mut ids, offset);
        if self.edit_all(fill_message(T.paste_nodes, &[&fresh.len()]), &edits) {
            self.select_and_show(fresh.into_values().collect());
        }
    }

    /// Puts copies of the selected nodes beside them; they keep the wires that come in.
    pub fn duplicate(&self) {
        let nodes = self.selected();
        if nodes.is_empty() || self.is_locked() {
            return;
        }
        self.duplicate_nodes(&nodes);
    }

    /// Puts copies of `nodes` (say, of a block) below them.
    pub fn duplicate_nodes(&self, nodes: &BTreeSet<NodeId>) {
        let (design, scene) = (self.placed(), self.scene());
        let mut ids = self.document.get().ids();
        let rects = || nodes.iter().filter_map(|node| scene.nodes.get(node));
        let height = rects().map(scene::Rect::bottom).fold(f32::MIN, f32::max)
            - rects().map(|rect| rect.y).fold(f32::MAX, f32::min);
        let down = snap(height.max(0.0) + 2.0 * GRID);
        let (edits, fresh) = compose::duplicate(&design, nodes, &mut ids, [0.0, down]);
        if self.edit_all(fill_message(T.duplicate_nodes, &[&nodes.len()]), &edits) {
            self.select_and_show(fresh);
        }
    }

    /// The design with every node at its position on the canvas; positions that the automatic layout computed are not in the document.
    fn placed(&self) -> Design {
        let (mut design, scene) = (Design::clone(&self.design()), self.scene());
        for node in &mut design.nodes {
            node.position = scene.nodes.get(&node.id).map(|rect| rect.corner());
        }
        design
    }

    fn select_and_show(&self, nodes: BTreeSet<NodeId>) {
        let first = nodes.first().copied();
        self.select(nodes);
        if let Some(first) = first {
            self.bring_into_view(first);
        }
    }
}
