//! Blocks, and the commands for multi-task designs: sharing, separating, tying.

use mtl_base::{NodeId, text::Explain};
use mtl_engine::design::{compose, edit::Edit};

use super::Editor;
use crate::i18n::{Message, canvas::T, fill};

impl Editor {
    /// Groups the selected nodes into a block.
    pub fn group(&self) {
        let nodes = self.selected();
        if nodes.is_empty() || self.is_locked() {
            return;
        }
        let n_blocks = self.design().blocks.len() + 1;
        let name = fill(T.block_name, self.lang(), &[&n_blocks]);
        self.edit(&Edit::Group { name, nodes });
    }

    /// Dissolves the blocks of the selected nodes.
    pub fn ungroup(&self) {
        let (design, nodes) = (self.design(), self.selected());
        let edits: Vec<Edit> = (0..design.blocks.len())
            .rev()
            .filter(|index| !design.blocks[*index].nodes.is_disjoint(&nodes))
            .map(|block| Edit::Ungroup { block })
            .collect();
        if !edits.is_empty() {
            self.edit_all(T.ungroup.into(), &edits);
        }
    }

    /// Folds or unfolds a block.
    pub fn toggle_fold(&self, block: usize) {
        if let Some(old) = self.design().blocks.get(block) {
            self.edit(&Edit::FoldBlock {
                block,
                folded: !old.folded,
            });
        }
    }

    /// Copies the selected nodes once per task that shares them.
    pub fn separate(&self) {
        let mut ids = self.document.get().ids();
        let edits = compose::separate(&self.design(), &self.selected(), &mut ids);
        self.compose(T.separate.into(), edits.map_err(|error| error.explain()));
    }

    /// Merges equal layers among the selected nodes.
    pub fn share(&self) {
        let edits = compose::share(&self.design(), &self.selected());
        self.compose(T.share.into(), edits.map_err(|error| error.explain()));
    }

    fn compose(&self, name: Message, edits: Result<Vec<Edit>, Message>) {
        if self.is_locked() {
            return;
        }
        match edits {
            Ok(edits) => {
                if self.edit_all(name, &edits) {
                    self.clear_selection();
                    self.lay_out();
                }
            }
            Err(why) => self.refuse(why),
        }
    }

    /// Ties the two selected layers.
    pub fn tie(&self) {
        let nodes: Vec<NodeId> = self.selected().into_iter().collect();
        match nodes.as_slice() {
            [a, b] => {
                self.edit(&Edit::SetTie {
                    a: *a,
                    b: *b,
                    strength: 0.01,
                });
            }
            _ => self.refuse(T.tie_needs_two.into()),
        }
    }
}
