//! What a person can do on the canvas, whichever way: mouse, touch, keyboard, menu, palette and inspector all end here.
//!
//! Every command is one step of the history, says what happened in the live region, and when something cannot be done
//! says why and changes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    rc::Rc,
};

use mtl_engine::{
    design::{
        Design, Node, NodeId, Note, Port, Wire, WireId,
        compose::{self, Fragment, Names},
        edit::{self, Edit, EditError, Ids, Refusal},
        history::Document,
        layout::layout,
    },
    layers::{Layer, Shape},
    schema::{FeatureKind, LabelKind, Schema},
    settings::{FieldKind, Settings, Value},
    text::Explain,
};
use yew::prelude::*;

use super::{
    dom,
    scene::{self, Arrange, GRID, Point, Scene, Side, arrange, size_of},
    state::{Handle, Link, Popup, View},
};
use crate::{
    i18n::{Lang, Message, canvas::T, fill_message},
    state::{Playground, PlaygroundRef, RightTab, Selection, ToastKind, storage, use_playground},
};

const CLIPBOARD: &str = "clipboard";

/// What a person can do on the canvas.
#[derive(Clone, PartialEq)]
pub struct Editor(PlaygroundRef);

impl Deref for Editor {
    type Target = Rc<Playground>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// What a person can do on the canvas.
#[hook]
pub fn use_editor() -> Editor {
    Editor(use_playground())
}

impl Editor {
    /// The commands of `playground`.
    pub fn new(playground: PlaygroundRef) -> Self {
        Self(playground)
    }

    /// The design as it is now.
    pub fn design(&self) -> Rc<Design> {
        Rc::clone(self.document.get().design())
    }

    /// Where everything is now.
    pub fn scene(&self) -> Scene {
        Scene::new(&self.design())
    }

    fn lang(&self) -> Lang {
        self.preferences.get().lang
    }

    /// Says something in the live region.
    pub fn say(&self, message: Message) {
        self.canvas.said.set(message);
    }

    /// Says why something was not done, where everybody sees it.
    pub fn refuse(&self, message: Message) {
        let message = sentence(message);
        self.toasts.show(ToastKind::Info, message.clone());
        self.say(message);
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

    /// A design without places (a preset) is laid out when it is drawn. The first edit of its wiring writes the places
    /// down, or every node would jump with it.
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

    /// Opens the settings of what is selected.
    pub fn show_settings(&self) {
        self.preferences
            .update_if_changed(|preferences| preferences.right_tab = RightTab::Layer);
    }

    /// Opens the settings of what is selected, with the keyboard in the box of its name.
    pub fn write_name(&self) {
        self.show_settings();
        // The panel is drawn with the next task.
        gloo_timers::callback::Timeout::new(30, || dom::focus("inspector-name")).forget();
    }

    /// Forgets what is selected and no longer there.
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

    /// Ends typing in a box: the next edit is a step of its own.
    pub fn seal(&self) {
        self.document.update(Document::seal);
    }

    /// Takes the last step back.
    pub fn undo(&self) {
        self.travel(Document::undo, T.undone, T.nothing_to_undo);
    }

    /// Does the last undone step again.
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

    /// Whether editing by hand is off; says so.
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

    /// Copies the selected nodes; they can be pasted into another document too.
    pub fn copy(&self) {
        let nodes = self.selected();
        if nodes.is_empty() {
            self.say(T.nothing_is_selected.into());
            return;
        }
        storage::save(CLIPBOARD, &Fragment::copy(&self.design(), &nodes));
        self.say(fill_message(T.copied, &[&nodes.len()]));
    }

    /// Copies and deletes the selected nodes.
    pub fn cut(&self) {
        self.copy();
        self.delete_selection();
    }

    /// Adds what was copied, near `at` or beside where it came from.
    pub fn paste(&self, at: Option<Point>) {
        if self.is_locked() {
            return;
        }
        let Some(fragment) =
            storage::load::<Fragment>(CLIPBOARD).filter(|fragment| !fragment.nodes.is_empty())
        else {
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
            self.select(fresh.into_values().collect());
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
        let (design, scene) = (self.design(), self.scene());
        let mut ids = self.document.get().ids();
        let rects = || nodes.iter().filter_map(|node| scene.nodes.get(node));
        let height = rects().map(scene::Rect::bottom).fold(f32::MIN, f32::max)
            - rects().map(|rect| rect.y).fold(f32::MAX, f32::min);
        let down = mtl_engine::design::layout::snap(height.max(0.0) + 2.0 * GRID);
        let (edits, fresh) = compose::duplicate(&design, nodes, &mut ids, [0.0, down]);
        if self.edit_all(fill_message(T.duplicate_nodes, &[&nodes.len()]), &edits) {
            self.select(fresh);
        }
    }

    /// A new node with a free name and settings that fit the data.
    fn new_node(&self, layer: &Layer, ids: &mut Ids) -> Node {
        let (design, schema) = (self.design(), self.schema());
        let layer = fitted(layer, &schema, &design);
        let wanted = match layer.label() {
            Some(label) if !label.is_empty() => label.to_owned(),
            _ => match layer.feature() {
                Some(feature) if !feature.is_empty() => feature.to_owned(),
                _ => layer.name().get(self.lang()).to_owned(),
            },
        };
        let name = Names::of(&design).fresh(&wanted);
        Node {
            id: ids.node(),
            name,
            layer,
            position: None,
            frozen: false,
        }
    }

    /// Adds a layer at `place` (the middle of the view when there is none) and connects it as `link` says.
    pub fn add_layer(&self, layer: &Layer, place: Option<Point>, link: Link) -> Option<NodeId> {
        if self.is_locked() {
            return None;
        }
        let (design, scene) = (self.design(), self.scene());
        let mut ids = self.document.get().ids();
        let mut node = self.new_node(layer, &mut ids);
        let size = size_of(&node);
        let wanted = place.unwrap_or_else(|| match link {
            Link::With(handle) => beside(&scene, handle),
            Link::Free | Link::On(_) => self.free_middle(size),
        });
        node.position = Some(scene.free_place(wanted, size));
        let id = node.id;
        let added = fill_message(T.add_node, &[&node.name]);
        let edits = match link {
            Link::Free => Ok(vec![Edit::AddNode { node }]),
            Link::On(wire) => compose::insert_on_wire(&design, wire, &node, &mut ids),
            Link::With(handle) => linked(&design, node, handle, &mut ids).map_err(EditError::from),
        };
        match edits {
            Ok(edits) => {
                if self.edit_all(added, &edits) {
                    self.select(BTreeSet::from([id]));
                    return Some(id);
                }
            }
            Err(error) => self.refuse(error.explain()),
        }
        None
    }

    fn free_middle(&self, size: Point) -> Point {
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let [x, y] = self.canvas.view.get().to_design([width / 2.0, height / 2.0]);
        [x - size[0] / 2.0, y - size[1] / 2.0]
    }

    /// Connects two handles, or says why not.
    pub fn connect(&self, a: Handle, b: Handle) -> bool {
        if self.is_locked() {
            return false;
        }
        let (from, to) = match oriented(a, b) {
            Ok(ends) => ends,
            Err(why) => {
                self.refuse(why);
                return false;
            }
        };
        self.edit(&Edit::Connect {
            wire: Wire {
                id: self.document.get().ids().wire(),
                from,
                to,
            },
        })
    }

    /// Moves the loose end of `wire`, whose other end is `fixed`, to `end`.
    pub fn reroute(&self, wire: WireId, fixed: Handle, end: Handle) -> bool {
        match oriented(fixed, end) {
            Ok((from, to)) => self.edit(&Edit::Reroute { wire, from, to }),
            Err(why) => {
                self.refuse(why);
                false
            }
        }
    }

    /// Whether the two may be connected, or why not.
    pub fn may_connect(&self, wire: Option<WireId>, a: Handle, b: Handle) -> Result<(), Message> {
        let (from, to) = oriented(a, b)?;
        edit::can_reroute(&self.design(), wire, from, to).map_err(|refusal| refusal.explain())
    }

    /// The handle of `node` that `fixed` would be connected with: the first that may be, else the first.
    pub fn best_handle(&self, wire: Option<WireId>, fixed: Handle, node: NodeId) -> Option<Handle> {
        let design = self.design();
        let layer = &design.node(node)?.layer;
        let (side, count) = match fixed.side {
            Side::Output => (Side::Input, layer.inputs().len()),
            Side::Input => (Side::Output, layer.outputs().len()),
        };
        let handle = |index| Handle {
            side,
            port: Port { node, handle: index },
        };
        let allowed = (0..count)
            .map(handle)
            .find(|end| self.may_connect(wire, fixed, *end).is_ok());
        allowed.or_else(|| (count > 0).then(|| handle(0)))
    }

    /// Makes a block of the selected nodes.
    pub fn group(&self) {
        let nodes = self.selected();
        if nodes.is_empty() || self.is_locked() {
            return;
        }
        let n_blocks = self.design().blocks.len() + 1;
        let name = crate::i18n::fill(T.block_name, self.lang(), &[&n_blocks]);
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

    /// Folds an open block, opens a folded one.
    pub fn toggle_fold(&self, block: usize) {
        if let Some(old) = self.design().blocks.get(block) {
            self.edit(&Edit::FoldBlock {
                block,
                folded: !old.folded,
            });
        }
    }

    /// Copies what is selected once per task that shares it.
    pub fn separate(&self) {
        let mut ids = self.document.get().ids();
        let edits = compose::separate(&self.design(), &self.selected(), &mut ids);
        self.compose(T.separate.into(), edits.map_err(|error| error.explain()));
    }

    /// Merges equal layers among what is selected.
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

    /// Aligns or distributes the selected nodes.
    pub fn arrange(&self, how: Arrange) {
        let scene = self.scene();
        let nodes: BTreeMap<NodeId, scene::Rect> = self
            .selected()
            .into_iter()
            .filter_map(|node| Some((node, *scene.nodes.get(&node)?)))
            .collect();
        if nodes.len() < 2 || self.is_locked() {
            return;
        }
        self.glide(
            if matches!(how, Arrange::Across | Arrange::Down) {
                T.distribute
            } else {
                T.align
            }
            .into(),
            &arrange(&nodes, how),
        );
    }

    /// Lays the whole design out, left to right, and shows all of it.
    pub fn lay_out(&self) {
        let design = self.design();
        let places: Vec<(NodeId, Point)> = layout(&design, &scene::sizes(&design)).into_iter().collect();
        if self.glide(T.lay_out.into(), &places) {
            self.fit();
        }
    }

    /// Moves nodes as one step; they glide there unless less motion is wished for.
    fn glide(&self, name: Message, places: &[(NodeId, Point)]) -> bool {
        let before = self.scene();
        let done = self.edit_all(
            name,
            &[Edit::Move {
                positions: places.to_vec(),
            }],
        );
        if done {
            dom::glide(&before, self.scene());
        }
        done
    }

    /// Moves the selected nodes and comments by some pixels, as one step with the moves before it.
    pub fn nudge(&self, [x, y]: Point) {
        if self.is_locked() {
            return;
        }
        let scene = self.scene();
        let positions: Vec<(NodeId, Point)> = self
            .selected()
            .into_iter()
            .filter_map(|node| {
                scene
                    .nodes
                    .get(&node)
                    .map(|rect| (node, [rect.x + x, rect.y + y]))
            })
            .collect();
        if !positions.is_empty() {
            self.edit(&Edit::Move { positions });
        }
    }

    /// Adds an empty comment at `place` and opens it for writing.
    pub fn add_note(&self, place: Option<Point>) {
        if self.is_locked() {
            return;
        }
        let size = [12.0 * GRID, 6.0 * GRID];
        let position = place.unwrap_or_else(|| self.free_middle(size));
        let id = self.document.get().ids().note();
        if self.edit(&Edit::AddNote {
            note: Note {
                id,
                text: String::new(),
                position,
                size,
            },
        }) {
            self.canvas.writing.set(Some(id));
        }
    }

    /// Shows everything.
    pub fn fit(&self) {
        if let Some(bounds) = self.scene().bounds() {
            let [width, height] = dom::surface_size(&self.canvas.surface);
            let margin = 16.0;
            let scale_x = (width - 2.0 * margin) / f64::from(bounds.width.max(1.0));
            let scale_y = (height - 2.0 * margin - 36.0) / f64::from(bounds.height.max(1.0));
            let scale = scale_x.min(scale_y).clamp(super::state::MIN_SCALE, 1.0);
            let [x, y] = bounds.middle();
            self.canvas.view.set(View {
                x: width / 2.0 - f64::from(x) * scale,
                y: height / 2.0 + 18.0 - f64::from(y) * scale,
                scale,
            });
        }
    }

    /// Zooms about the middle.
    pub fn zoom(&self, factor: f64) {
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let view = self.canvas.view.get().zoomed(factor, [width / 2.0, height / 2.0]);
        self.canvas.view.set(view);
        let percent = (view.scale * 100.0).round();
        self.say(fill_message(T.zoomed_to, &[&percent]));
    }

    /// Selects a node and moves the view so that it is seen.
    pub fn reveal(&self, node: NodeId) {
        self.select(BTreeSet::from([node]));
        self.bring_into_view(node);
    }

    /// Moves the view so that a node is seen.
    pub fn bring_into_view(&self, node: NodeId) {
        let Some(rect) = self.scene().nodes.get(&node).copied() else {
            return;
        };
        let view = *self.canvas.view.get();
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let ([left, top], [right, bottom]) = (
            view.to_screen(rect.corner()),
            view.to_screen([rect.right(), rect.bottom()]),
        );
        if left < 0.0 || top < 40.0 || right > width || bottom > height {
            let [x, y] = view.to_screen(rect.middle());
            self.canvas
                .view
                .set(view.panned([width / 2.0 - x, height / 2.0 - y]));
        }
    }

    /// Opens the box that finds a layer.
    pub fn open_search(&self, at: Option<[f64; 2]>, link: Link) {
        if self.is_locked() {
            return;
        }
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let at = at.unwrap_or([width / 2.0 - 120.0, height / 3.0]);
        let place = self.canvas.view.get().to_design(at);
        self.canvas
            .popup
            .set(Some(Popup::Search(super::state::Search { at, place, link })));
    }
}

/// A message with a capital letter, as a sentence of its own.
pub fn sentence(message: Message) -> Message {
    let mut letters = message.en.chars();
    let en = letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect());
    Message::new(en, message.zh)
}

/// The two ends of a wire between two handles, from output to input.
fn oriented(a: Handle, b: Handle) -> Result<(Port, Port), Message> {
    match (a.side, b.side) {
        (Side::Output, Side::Input) => Ok((a.port, b.port)),
        (Side::Input, Side::Output) => Ok((b.port, a.port)),
        (Side::Output, Side::Output) => Err(T.two_outputs.into()),
        (Side::Input, Side::Input) => Err(T.two_inputs.into()),
    }
}

fn linked(design: &Design, node: Node, handle: Handle, ids: &mut Ids) -> Result<Vec<Edit>, Refusal> {
    let mut with_node = design.clone();
    with_node.nodes.push(node.clone());
    let (from, to) = match handle.side {
        Side::Output => (handle.port, compose::first_input(&with_node, handle.port, &node)?),
        Side::Input => (
            compose::first_output(&with_node, &node, handle.port)?,
            handle.port,
        ),
    };
    Ok(vec![
        Edit::AddNode { node },
        Edit::Connect {
            wire: Wire {
                id: ids.wire(),
                from,
                to,
            },
        },
    ])
}

/// A place one column away from a handle.
fn beside(scene: &Scene, handle: Handle) -> Point {
    let gap = mtl_engine::design::layout::COLUMN_GAP;
    let [x, y] = scene
        .handle(handle.port, handle.side, &BTreeMap::new())
        .unwrap_or_default();
    let y = y - scene::NODE_HEIGHT / 2.0;
    match handle.side {
        Side::Output => [x + gap, y],
        Side::Input => [x - gap - scene::NODE_WIDTH, y],
    }
}

/// The layer with the first feature or label of the data that fits it and that no other node reads or learns yet.
pub fn fitted(layer: &Layer, schema: &Schema, design: &Design) -> Layer {
    let mut layer = layer.clone();
    for field in layer.fields() {
        let key = match field.kind {
            FieldKind::Feature => {
                let mut features = schema
                    .features
                    .iter()
                    .filter(|feature| reads(&layer, feature.kind));
                let is_free = |key: &str| design.nodes.iter().all(|node| node.layer.feature() != Some(key));
                features
                    .clone()
                    .find(|feature| is_free(&feature.key))
                    .or_else(|| features.next())
                    .map(|f| &f.key)
            }
            FieldKind::Label => {
                let mut labels = schema.labels.iter().filter(|label| learns(&layer, label.kind));
                let is_free = |key: &str| design.heads().all(|head| head.layer.label() != Some(key));
                labels
                    .clone()
                    .find(|label| is_free(&label.key))
                    .or_else(|| labels.next())
                    .map(|l| &l.key)
            }
            _ => None,
        };
        if let Some(key) = key {
            // The key comes from the schema, which is all that such a setting asks for.
            let _ = layer.set(field.key, &Value::Words(key.clone()));
        }
    }
    layer
}

fn reads(layer: &Layer, kind: FeatureKind) -> bool {
    let shape = match kind {
        FeatureKind::Tokens { length, cardinality } => Shape::Tokens { length, cardinality },
        FeatureKind::Id { cardinality } => Shape::Id { cardinality },
        FeatureKind::Dense { width } => Shape::Vector { width },
    };
    layer.outputs().iter().any(|port| port.kind.accepts(shape))
}

fn learns(layer: &Layer, kind: LabelKind) -> bool {
    match layer {
        Layer::BinaryHead(_) => kind == LabelKind::Binary,
        Layer::ClassesHead(_) => matches!(kind, LabelKind::Classes { .. }),
        Layer::RegressionHead(_) => kind == LabelKind::Real,
        Layer::OrdinalHead(_) => matches!(kind, LabelKind::Classes { .. }),
        Layer::MultiLabelHead(_) => matches!(kind, LabelKind::MultiLabel { .. }),
        _ => true,
    }
}
