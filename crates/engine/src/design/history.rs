//! A document: a design with an unlimited undo history.
//!
//! A step stores, for each list, the part that differs, before and after; undo replaces the latter by the
//! former, so undo then redo is the identity by construction, whatever the edit was. Cloning a document copies
//! pointers only, as a reducer of the page does on every action.

use std::rc::Rc;

use super::edit::{self, Edit, EditError, Ids};
use super::{Block, Design, Node, Note, Tie, Wire};
use mtl_base::NodeId;
use mtl_base::text::Message;

/// A design and its history.
#[derive(Clone, Debug)]
pub struct Document {
    design: Rc<Design>,
    undo: Vec<Rc<Step>>,
    redo: Vec<Rc<Step>>,
    ids: Ids,
    revision: u64,
    sealed: bool,
}

/// One step of the history.
#[derive(Debug)]
struct Step {
    name: Message,
    delta: Delta,
    typing: Option<Typing>,
}

/// Key under which consecutive edits are merged into one step: typing in one box, moving with arrow keys.
#[derive(Clone, Debug, PartialEq)]
enum Typing {
    Setting(NodeId, String),
    Name(NodeId),
    Block(usize),
    Note(u32),
    Move(Vec<NodeId>),
    PlaceNote(u32),
    Tie(NodeId, NodeId),
    Design,
}

/// The part of a list that a step replaced.
#[derive(Clone, Debug, PartialEq)]
struct Splice<T> {
    at: usize,
    before: Vec<T>,
    after: Vec<T>,
}

/// Everything that a step changed.
#[derive(Clone, Debug, PartialEq)]
struct Delta {
    name: Option<(String, String)>,
    nodes: Splice<Node>,
    wires: Splice<Wire>,
    blocks: Splice<Block>,
    notes: Splice<Note>,
    ties: Splice<Tie>,
}

impl PartialEq for Document {
    /// Two documents of one page are equal when they are the same revision of the same design.
    fn eq(&self, other: &Self) -> bool {
        self.revision == other.revision && Rc::ptr_eq(&self.design, &other.design)
    }
}

impl Document {
    /// A document without history.
    pub fn new(design: Design) -> Self {
        let ids = Ids::after(&design);
        Self {
            design: Rc::new(design),
            undo: Vec::new(),
            redo: Vec::new(),
            ids,
            revision: 0,
            sealed: true,
        }
    }

    /// The design as it is now.
    pub fn design(&self) -> &Rc<Design> {
        &self.design
    }

    /// Counts changes of the design, undo and redo included.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Ids that no node, wire or note of this document has had; return them with [`Document::edit_all`].
    pub fn ids(&self) -> Ids {
        self.ids
    }

    /// Applies one edit as a step of its own, or as part of the last step when both have the same merge key.
    pub fn edit(&mut self, edit: &Edit) -> Result<(), EditError> {
        let name = edit.describe(&self.design);
        self.apply(name, std::slice::from_ref(edit), Typing::of(edit))
    }

    /// Applies all edits as one step, or none of them.
    pub fn edit_all(&mut self, name: Message, edits: &[Edit]) -> Result<(), EditError> {
        self.apply(name, edits, None)
    }

    /// Replaces the whole design as one step (a preset, a file).
    pub fn replace(&mut self, name: Message, design: Design) -> Result<(), EditError> {
        edit::validate(&design)?;
        self.push(name, design, None);
        Ok(())
    }

    /// Ends merging: the next edit is a step of its own. Called when a box loses the focus.
    pub fn seal(&mut self) {
        self.sealed = true;
    }

    /// Undoes the last step and returns its name.
    pub fn undo(&mut self) -> Option<Message> {
        let step = self.undo.pop()?;
        step.delta.revert(Rc::make_mut(&mut self.design));
        let name = step.name.clone();
        self.redo.push(step);
        self.revision += 1;
        self.sealed = true;
        Some(name)
    }

    /// Redoes the last undone step and returns its name.
    pub fn redo(&mut self) -> Option<Message> {
        let step = self.redo.pop()?;
        step.delta.repeat(Rc::make_mut(&mut self.design));
        let name = step.name.clone();
        self.undo.push(step);
        self.revision += 1;
        self.sealed = true;
        Some(name)
    }

    /// Name of the step that undo would revert.
    pub fn undo_name(&self) -> Option<&Message> {
        self.undo.last().map(|step| &step.name)
    }

    /// Name of the step that redo would repeat.
    pub fn redo_name(&self) -> Option<&Message> {
        self.redo.last().map(|step| &step.name)
    }

    /// Names of the steps that can be undone, oldest first.
    pub fn done(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.undo.iter().map(|step| &step.name)
    }

    /// Names of the steps that can be redone, next first.
    pub fn undone(&self) -> impl ExactSizeIterator<Item = &Message> {
        self.redo.iter().rev().map(|step| &step.name)
    }

    fn apply(&mut self, name: Message, edits: &[Edit], typing: Option<Typing>) -> Result<(), EditError> {
        let mut changed = Design::clone(&self.design);
        edits
            .iter()
            .try_for_each(|edit| edit::apply(&mut changed, edit))?;
        self.push(name, changed, typing);
        Ok(())
    }

    fn push(&mut self, name: Message, changed: Design, typing: Option<Typing>) {
        if changed == *self.design {
            return;
        }
        self.ids = self.ids.max(Ids::after(&changed));
        self.redo.clear();
        self.revision += 1;
        let mut before = Rc::clone(&self.design);
        let goes_on =
            !self.sealed && typing.is_some() && self.undo.last().is_some_and(|step| step.typing == typing);
        if goes_on && let Some(step) = self.undo.pop() {
            step.delta.revert(Rc::make_mut(&mut before));
        }
        if let Some(delta) = Delta::between(&before, &changed) {
            self.undo.push(Rc::new(Step {
                name,
                delta,
                typing: typing.clone(),
            }));
            self.sealed = typing.is_none();
        } else {
            self.sealed = true;
        }
        self.design = Rc::new(changed);
    }
}

impl Typing {
    fn of(edit: &Edit) -> Option<Self> {
        Some(match edit {
            Edit::SetSetting { node, key, .. } => Self::Setting(*node, key.clone()),
            Edit::Rename { node, .. } => Self::Name(*node),
            Edit::RenameBlock { block, .. } => Self::Block(*block),
            Edit::WriteNote { note, .. } => Self::Note(*note),
            Edit::PlaceNote { note, .. } => Self::PlaceNote(*note),
            Edit::Move { positions } => Self::Move(positions.iter().map(|(id, _)| *id).collect()),
            Edit::SetTie { a, b, .. } => Self::Tie(*a, *b),
            Edit::RenameDesign { .. } => Self::Design,
            _ => return None,
        })
    }
}

impl<T: Clone + PartialEq> Splice<T> {
    fn between(before: &[T], after: &[T]) -> Self {
        let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
        let end = before[start..]
            .iter()
            .rev()
            .zip(after[start..].iter().rev())
            .take_while(|(a, b)| a == b)
            .count();
        Self {
            at: start,
            before: before[start..before.len() - end].to_vec(),
            after: after[start..after.len() - end].to_vec(),
        }
    }

    fn revert(&self, list: &mut Vec<T>) {
        list.splice(self.at..self.at + self.after.len(), self.before.iter().cloned());
    }

    fn repeat(&self, list: &mut Vec<T>) {
        list.splice(self.at..self.at + self.before.len(), self.after.iter().cloned());
    }
}

impl Delta {
    /// `None` when nothing changed.
    fn between(before: &Design, after: &Design) -> Option<Self> {
        (before != after).then(|| Self {
            name: (before.name != after.name).then(|| (before.name.clone(), after.name.clone())),
            nodes: Splice::between(&before.nodes, &after.nodes),
            wires: Splice::between(&before.wires, &after.wires),
            blocks: Splice::between(&before.blocks, &after.blocks),
            notes: Splice::between(&before.notes, &after.notes),
            ties: Splice::between(&before.ties, &after.ties),
        })
    }

    fn revert(&self, design: &mut Design) {
        if let Some((before, _)) = &self.name {
            design.name.clone_from(before);
        }
        self.nodes.revert(&mut design.nodes);
        self.wires.revert(&mut design.wires);
        self.blocks.revert(&mut design.blocks);
        self.notes.revert(&mut design.notes);
        self.ties.revert(&mut design.ties);
    }

    fn repeat(&self, design: &mut Design) {
        if let Some((_, after)) = &self.name {
            design.name.clone_from(after);
        }
        self.nodes.repeat(&mut design.nodes);
        self.wires.repeat(&mut design.wires);
        self.blocks.repeat(&mut design.blocks);
        self.notes.repeat(&mut design.notes);
        self.ties.repeat(&mut design.ties);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Add;

    #[test]
    fn a_step_of_a_large_design_keeps_what_it_changed_alone() {
        let mut design = Design::new("large");
        let ids: Vec<NodeId> = (0..300)
            .map(|index| design.add(format!("n{index}"), Add::default()))
            .collect();
        let mut document = Document::new(design);
        for (step, id) in ids.iter().take(100).enumerate() {
            let positions = vec![(*id, [step as f32 + 7.0, 0.0])];
            document.edit(&Edit::Move { positions }).unwrap();
        }
        assert_eq!(document.undo.len(), 100);
        for step in &document.undo {
            let delta = &step.delta;
            assert_eq!((delta.nodes.before.len(), delta.nodes.after.len()), (1, 1));
            assert!(delta.wires.before.is_empty() && delta.wires.after.is_empty());
        }
        // A copy of the document, which a reducer makes on every action, shares design and steps.
        let copy = document.clone();
        assert!(Rc::ptr_eq(&copy.design, &document.design) && Rc::ptr_eq(&copy.undo[0], &document.undo[0]));
    }
}
