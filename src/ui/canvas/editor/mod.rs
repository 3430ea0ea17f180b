//! The commands of the canvas. Mouse, touch, keyboard, menus, palette and inspector all call these.
//!
//! Every command is one step of the history and announces its result in the live region. A command that cannot be executed
//! shows the reason and changes nothing.

mod adding;
mod clipboard;
mod composing;
mod placing;

use std::collections::BTreeSet;
use std::{ops::Deref, rc::Rc};

use mtl_base::{NodeId, text::Explain};
use mtl_engine::design::{
    Design, WireId,
    edit::{Edit, EditError},
    history::Document,
};
use yew::prelude::*;

pub use self::adding::fitted;
use super::{dom, scene::Scene, state::CanvasState};
use crate::{
    i18n::{Lang, Message, canvas::T, fill_message, sentence},
    state::{Playground, PlaygroundRef, RightTab, Selection, ToastKind, use_playground},
};

/// The commands of the canvas.
#[derive(Clone, PartialEq)]
pub struct Editor {
    playground: PlaygroundRef,
    /// State of the canvas.
    pub canvas: CanvasState,
}

impl Deref for Editor {
    type Target = Rc<Playground>;

    fn deref(&self) -> &Self::Target {
        &self.playground
    }
}

/// The commands of the canvas.
#[hook]
pub fn use_editor() -> Editor {
    Editor {
        playground: use_playground(),
        canvas: use_context::<CanvasState>().expect("`App` is above every component and provides it"),
    }
}

impl Editor {
    /// The design as it is now.
    pub fn design(&self) -> Rc<Design> {
        Rc::clone(self.document.get().design())
    }

    /// Geometry of the current design.
    pub fn scene(&self) -> Scene {
        Scene::new(&self.design())
    }

    fn lang(&self) -> Lang {
        self.preferences.get().lang
    }

    /// Announces a message in the live region.
    pub fn say(&self, message: Message) {
        self.canvas.said.set(message);
    }

    /// Shows why a command was refused.
    pub fn refuse(&self, message: Message) {
        self.say(sentence(&message));
        self.toasts.show(ToastKind::Info, message);
    }

    /// Applies one edit; consecutive edits of one box are one step.
    pub fn edit(&self, edit: &Edit) -> bool {
        let name = edit.describe(&self.design());
        if let Some(anchor) = self.anchor(std::slice::from_ref(edit)) {
            return self.change(|document| {
                document
                    .edit_all(name.clone(), &[anchor, edit.clone()])
                    .map(|()| name)
            });
        }
        self.change(|document| document.edit(edit).map(|()| name))
    }

    /// Applies all edits as one step.
    pub fn edit_all(&self, name: Message, edits: &[Edit]) -> bool {
        let edits: Vec<Edit> = self
            .anchor(edits)
            .into_iter()
            .chain(edits.iter().cloned())
            .collect();
        self.change(|document| document.edit_all(name.clone(), &edits).map(|()| name))
    }

    /// A design without positions (a preset) is laid out when it is rendered. The first edit of its wiring stores the positions
    /// in the document, since otherwise every node would move.
    fn anchor(&self, edits: &[Edit]) -> Option<Edit> {
        let design = self.design();
        let keeps_places = |edit: &Edit| {
            matches!(
                edit,
                Edit::SetSetting { .. }
                    | Edit::Rename { .. }
                    | Edit::Freeze { .. }
                    | Edit::RenameDesign { .. }
                    | Edit::RenameBlock { .. }
            )
        };
        if edits.iter().all(keeps_places) || design.nodes.iter().all(|node| node.position.is_some()) {
            return None;
        }
        let scene = self.scene();
        let unplaced = design.nodes.iter().filter(|node| node.position.is_none());
        let positions = unplaced
            .filter_map(|node| Some((node.id, scene.nodes.get(&node.id)?.corner())))
            .collect();
        Some(Edit::Move { positions })
    }

    /// Opens the settings of the selection.
    pub fn show_settings(&self) {
        self.preferences
            .update_if_changed(|preferences| preferences.right_tab = RightTab::Layer);
    }

    /// Opens the settings of the selection and focuses the box of its name.
    pub fn write_name(&self) {
        self.show_settings();
        // The panel is rendered in the next task.
        gloo_timers::callback::Timeout::new(30, || dom::focus("inspector-name")).forget();
    }

    /// Removes deleted nodes and wires from the selection.
    pub fn prune_selection(&self) {
        let design = self.design();
        self.selection.update_if_changed(|selection| {
            selection.nodes.retain(|node| design.node(*node).is_some());
            selection
                .wires
                .retain(|wire| design.wires.iter().any(|other| other.id == *wire));
        });
        self.canvas.notes.update_if_changed(|notes| {
            notes.retain(|note| design.notes.iter().any(|other| other.id == *note));
        });
    }

    fn change(&self, change: impl FnOnce(&mut Document) -> Result<Message, EditError>) -> bool {
        let mut document = Document::clone(&self.document.get());
        match change(&mut document) {
            Ok(name) => {
                self.document.set(document);
                self.say(name);
                true
            }
            Err(error) => {
                self.refuse(error.explain());
                false
            }
        }
    }

    /// Ends the merging of edits of one box: the next edit is a step of its own.
    pub fn seal(&self) {
        self.document.update(Document::seal);
    }

    /// Undoes the last step.
    pub fn undo(&self) {
        self.travel(Document::undo, T.undone, T.nothing_to_undo);
    }

    /// Redoes the last undone step.
    pub fn redo(&self) {
        self.travel(Document::redo, T.redone, T.nothing_to_redo);
    }

    fn travel(
        &self,
        travel: fn(&mut Document) -> Option<Message>,
        done: crate::i18n::Text,
        nothing: crate::i18n::Text,
    ) {
        let mut document = Document::clone(&self.document.get());
        match travel(&mut document) {
            Some(name) => {
                self.document.set(document);
                self.say(Message::new(
                    done.en.replace("{0}", &name.en),
                    done.zh.replace("{0}", &name.zh),
                ));
            }
            None => self.say(nothing.into()),
        }
    }

    /// Selects these nodes only.
    pub fn select(&self, nodes: BTreeSet<NodeId>) {
        self.selection.update_if_changed(|selection| {
            *selection = Selection {
                nodes,
                wires: BTreeSet::new(),
            }
        });
        self.canvas.notes.update_if_changed(BTreeSet::clear);
    }

    /// Selects this wire only.
    pub fn select_wire(&self, wire: WireId) {
        self.selection.update_if_changed(|selection| {
            *selection = Selection {
                nodes: BTreeSet::new(),
                wires: BTreeSet::from([wire]),
            };
        });
        self.canvas.notes.update_if_changed(BTreeSet::clear);
    }

    /// Selects a node, or takes it out of the selection.
    pub fn toggle(&self, node: NodeId) {
        self.selection.update(|selection| {
            if !selection.nodes.remove(&node) {
                selection.nodes.insert(node);
            }
        });
    }

    /// Selects everything.
    pub fn select_all(&self) {
        let design = self.design();
        self.select(design.nodes.iter().map(|node| node.id).collect());
        self.canvas
            .notes
            .set(design.notes.iter().map(|note| note.id).collect());
        self.say(fill_message(T.selected_many, &[&design.nodes.len()]));
    }

    /// Selects nothing.
    pub fn clear_selection(&self) {
        self.select(BTreeSet::new());
    }

    fn selected(&self) -> BTreeSet<NodeId> {
        self.selection.get().nodes.clone()
    }

    /// Whether the canvas is locked; if so, announces it.
    pub fn is_locked(&self) -> bool {
        let locked = *self.canvas.locked.get();
        if locked {
            self.refuse(T.is_locked.into());
        }
        locked
    }

    /// Locks or unlocks the canvas.
    pub fn toggle_lock(&self) {
        let locked = !*self.canvas.locked.get();
        self.canvas.locked.set(locked);
        self.say(if locked { T.locked } else { T.unlocked }.into());
    }
}
