//! Mouse, pen and touch on the drawing surface, as one state machine over pointer events.
//!
//! ```text
//! press --4 px--> pan | lasso | drag nodes | drag a comment | draw a wire          second finger --> pinch
//!   |--release--> click: select, begin or end a wire            half a second's touch --> menu
//! ```
//! Nothing here draws components: what moves is moved by [`dom`], and the document is changed once, on release.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use gloo_timers::callback::Timeout;
use mtl_engine::design::{NodeId, Port, WireId, edit::Edit, layout::snap};
use web_sys::{Element, MouseEvent, PointerEvent, WheelEvent};

use super::{
    dom,
    editor::Editor,
    scene::{GRID, Point, Rect, Scene, Side},
    state::{Drawing, Handle, Link, Popup, Search, Target},
};
use crate::i18n::canvas::T;

/// How far a press moves before it is a drag, in pixels.
const DRAG_THRESHOLD: f64 = 4.0;
/// How long a finger rests before the menu opens.
const LONG_PRESS_MS: u32 = 550;

#[derive(Default)]
enum Gesture {
    #[default]
    Idle,
    Press {
        start: [f64; 2],
        target: Target,
        more: bool,
        lasso: bool,
    },
    Pan {
        last: [f64; 2],
    },
    Lasso {
        start: Point,
        before: BTreeSet<NodeId>,
    },
    Drag(Drag),
    Note {
        note: u32,
        start: Point,
        corner: Point,
        size: Point,
        sizing: bool,
        now: (Point, Point),
    },
    Wire,
    Pinch {
        distance: f64,
        middle: [f64; 2],
    },
}

/// Nodes on their way.
struct Drag {
    scene: Scene,
    start: Point,
    grabbed: NodeId,
    from: BTreeMap<NodeId, Point>,
    moved: BTreeMap<NodeId, Point>,
    wires: Vec<WireId>,
    blocks: Vec<usize>,
}

/// The state machine; see the module.
pub struct Controller {
    editor: Editor,
    gesture: RefCell<Gesture>,
    pointers: RefCell<BTreeMap<i32, [f64; 2]>>,
    long_press: RefCell<Option<Timeout>>,
    hovered: RefCell<Option<NodeId>>,
}

impl Controller {
    /// A controller at rest.
    pub fn new(editor: Editor) -> Rc<Self> {
        Rc::new(Self {
            editor,
            gesture: RefCell::default(),
            pointers: RefCell::default(),
            long_press: RefCell::default(),
            hovered: RefCell::default(),
        })
    }

    fn place(&self, client: [f64; 2]) -> Point {
        let canvas = &self.editor.canvas;
        canvas
            .view
            .get()
            .to_design(dom::on_surface(&canvas.surface, client))
    }

    fn set(&self, gesture: Gesture) {
        *self.gesture.borrow_mut() = gesture;
    }

    /// A button or a finger goes down.
    pub fn down(self: &Rc<Self>, event: &PointerEvent) {
        let client = client_of(event);
        self.pointers.borrow_mut().insert(event.pointer_id(), client);
        self.editor.canvas.popup.update_if_changed(|popup| *popup = None);
        let fingers: Vec<[f64; 2]> = self.pointers.borrow().values().copied().collect();
        if let [a, b] = fingers.as_slice() {
            self.cancel();
            *self.long_press.borrow_mut() = None;
            self.set(Gesture::Pinch {
                distance: distance(*a, *b),
                middle: middle(*a, *b),
            });
            return;
        }
        if event.button() == 1 {
            event.prevent_default();
            self.capture(event);
            self.set(Gesture::Pan { last: client });
            return;
        }
        if event.button() != 0 {
            return;
        }
        // A touch captures the pointer by itself; the target is what is under the finger all the same.
        let target = dom::target_of(
            event
                .target()
                .and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok()),
        );
        if event.pointer_type() == "touch" {
            let own = Rc::downgrade(self);
            *self.long_press.borrow_mut() = Some(Timeout::new(LONG_PRESS_MS, move || {
                if let Some(own) = own.upgrade()
                    && matches!(*own.gesture.borrow(), Gesture::Press { .. })
                {
                    own.set(Gesture::Idle);
                    own.menu(client, target);
                }
            }));
        }
        if target == Target::Canvas
            && let Some(surface) = self.editor.canvas.surface.cast::<web_sys::SvgElement>()
        {
            // Keys are meant for the canvas from now on.
            let _ = surface.focus();
        }
        self.set(Gesture::Press {
            start: client,
            target,
            more: event.ctrl_key() || event.meta_key() || (event.shift_key() && target != Target::Canvas),
            lasso: event.shift_key(),
        });
    }

    /// The pointer moves.
    pub fn moved(&self, event: &PointerEvent) {
        let client = client_of(event);
        if let Some(known) = self.pointers.borrow_mut().get_mut(&event.pointer_id()) {
            *known = client;
        }
        let press = match &*self.gesture.borrow() {
            Gesture::Press {
                start, target, lasso, ..
            } if distance(*start, client) > DRAG_THRESHOLD => Some((*start, *target, *lasso)),
            _ => None,
        };
        if let Some((start, target, lasso)) = press {
            *self.long_press.borrow_mut() = None;
            self.capture(event);
            self.begin(start, target, lasso);
        }
        let canvas = &self.editor.canvas;
        match &mut *self.gesture.borrow_mut() {
            Gesture::Idle => {
                if canvas.drawing.get().is_some() {
                    self.draw_to(client);
                } else if event.pointer_type() != "touch" {
                    self.hover(event);
                }
            }
            Gesture::Press { .. } => {}
            Gesture::Pan { last } => {
                let view = canvas
                    .view
                    .get()
                    .panned([client[0] - last[0], client[1] - last[1]]);
                *last = client;
                canvas.view.set(view);
            }
            Gesture::Lasso { start, before } => {
                let here = self.place(client);
                canvas.lasso.set(Some([*start, here]));
                let mut nodes = self.editor.scene().touched(&Rect::between(*start, here));
                nodes.extend(before.iter().copied());
                self.editor.select(nodes);
            }
            Gesture::Drag(drag) => {
                let free = event.alt_key();
                drag.to(self.place(client), free);
            }
            Gesture::Note {
                note,
                start,
                corner,
                size,
                sizing,
                now,
            } => {
                let here = self.place(client);
                let by = [snap(here[0] - start[0]), snap(here[1] - start[1])];
                *now = if *sizing {
                    let wide = (size[0] + by[0]).max(4.0 * GRID);
                    (*corner, [wide, (size[1] + by[1]).max(2.0 * GRID)])
                } else {
                    ([corner[0] + by[0], corner[1] + by[1]], *size)
                };
                dom::place_note(*note, now.0, now.1);
            }
            Gesture::Wire => self.draw_to(client),
            Gesture::Pinch {
                distance: before,
                middle: old,
            } => {
                let fingers: Vec<[f64; 2]> = self.pointers.borrow().values().copied().collect();
                if let [a, b] = fingers.as_slice() {
                    let (now, here) = (distance(*a, *b), middle(*a, *b));
                    let at = dom::on_surface(&canvas.surface, here);
                    let panned = canvas.view.get().panned([here[0] - old[0], here[1] - old[1]]);
                    canvas.view.set(panned.zoomed(now / before.max(1.0), at));
                    (*before, *old) = (now, here);
                }
            }
        }
    }

    /// The button or the finger goes up.
    pub fn up(&self, event: &PointerEvent) {
        let client = client_of(event);
        self.pointers.borrow_mut().remove(&event.pointer_id());
        *self.long_press.borrow_mut() = None;
        let canvas = &self.editor.canvas;
        dom::set_moving(&canvas.surface, false);
        match self.gesture.take() {
            Gesture::Press { target, more, .. } => self.click(target, more, client),
            Gesture::Drag(drag) => drag.finish(&self.editor),
            Gesture::Lasso { .. } => {
                canvas.lasso.set(None);
                let n_nodes = self.editor.selection.get().nodes.len();
                self.editor
                    .say(crate::i18n::fill_message(T.selected_many, &[&n_nodes]));
            }
            Gesture::Note {
                note,
                now: (position, size),
                ..
            } => {
                if !self.editor.edit(&Edit::PlaceNote { note, position, size }) {
                    dom::place_note(note, position, size);
                }
            }
            Gesture::Wire => self.drop_wire(client),
            Gesture::Idle | Gesture::Pan { .. } | Gesture::Pinch { .. } => {}
        }
    }

    /// The browser has taken the pointer away, or Escape was pressed: everything is as it was.
    pub fn cancel(&self) {
        let canvas = &self.editor.canvas;
        dom::set_moving(&canvas.surface, false);
        match self.gesture.take() {
            Gesture::Drag(drag) => drag.back(),
            Gesture::Lasso { before, .. } => {
                canvas.lasso.set(None);
                self.editor.select(before);
            }
            Gesture::Note {
                note, corner, size, ..
            } => dom::place_note(note, corner, size),
            _ => {}
        }
        self.end_wire();
    }

    /// Forgets a pointer that the browser has taken away.
    pub fn lost(&self, event: &PointerEvent) {
        self.pointers.borrow_mut().remove(&event.pointer_id());
        *self.long_press.borrow_mut() = None;
        self.cancel();
    }

    fn capture(&self, event: &PointerEvent) {
        if let Some(surface) = self.editor.canvas.surface.cast::<Element>() {
            // A pointer that is gone already cannot be captured, and then nothing more comes from it.
            let _ = surface.set_pointer_capture(event.pointer_id());
        }
    }

    fn begin(&self, start: [f64; 2], target: Target, lasso: bool) {
        let editor = &self.editor;
        let place = self.place(start);
        let locked = *editor.canvas.locked.get();
        let gesture = match target {
            Target::Canvas | Target::Wire(_) if lasso => Gesture::Lasso {
                start: place,
                before: editor.selection.get().nodes.clone(),
            },
            Target::Node(node) if !locked => self.begin_drag(place, node, BTreeSet::from([node])),
            Target::Block(block) if !locked => {
                let nodes = editor
                    .design()
                    .blocks
                    .get(block)
                    .map(|block| block.nodes.clone())
                    .unwrap_or_default();
                match nodes.first() {
                    Some(first) => self.begin_drag(place, *first, nodes.clone()),
                    None => Gesture::Pan { last: start },
                }
            }
            Target::Handle(handle) if !locked => {
                let taken = self.taken_wire(handle);
                match taken {
                    Some((wire, fixed)) => self.begin_wire(fixed, Some(wire), place, false),
                    None => self.begin_wire(handle, None, place, false),
                }
                Gesture::Wire
            }
            Target::Grip(wire, end) if !locked => {
                if self.take_up(wire, end, place, false) {
                    Gesture::Wire
                } else {
                    Gesture::Pan { last: start }
                }
            }
            Target::Note(note) | Target::NoteCorner(note) if !locked => {
                match editor.design().notes.iter().find(|other| other.id == note) {
                    Some(found) => Gesture::Note {
                        note,
                        start: place,
                        corner: found.position,
                        size: found.size,
                        sizing: matches!(target, Target::NoteCorner(_)),
                        now: (found.position, found.size),
                    },
                    None => Gesture::Pan { last: start },
                }
            }
            _ => Gesture::Pan { last: start },
        };
        dom::set_moving(&editor.canvas.surface, matches!(gesture, Gesture::Pan { .. }));
        self.set(gesture);
    }

    fn begin_drag(&self, start: Point, grabbed: NodeId, group: BTreeSet<NodeId>) -> Gesture {
        let editor = &self.editor;
        let selected = editor.selection.get().nodes.clone();
        let nodes = if group.is_subset(&selected) {
            selected
        } else {
            group
        };
        editor.select(nodes.clone());
        let scene = editor.scene();
        let from: BTreeMap<NodeId, Point> = nodes
            .iter()
            .filter_map(|node| Some((*node, scene.nodes.get(node)?.corner())))
            .collect();
        let (wires, blocks) = dom::followers(&scene, &nodes);
        Gesture::Drag(Drag {
            scene,
            start,
            grabbed,
            moved: from.clone(),
            from,
            wires,
            blocks,
        })
    }

    /// The wire at an input that takes one only: dragging from there takes it up again.
    fn taken_wire(&self, handle: Handle) -> Option<(WireId, Handle)> {
        let design = self.editor.design();
        let inputs = design.node(handle.port.node)?.layer.inputs();
        if handle.side == Side::Output
            || inputs.get(handle.port.handle)?.arity != mtl_engine::layers::Arity::One
        {
            return None;
        }
        let wire = design.wires.iter().find(|wire| wire.to == handle.port)?;
        Some((
            wire.id,
            Handle {
                side: Side::Output,
                port: wire.from,
            },
        ))
    }

    /// Takes up one end of a wire.
    pub fn take_up(&self, wire: WireId, end: bool, place: Point, sticky: bool) -> bool {
        let design = self.editor.design();
        let Some(found) = design.wires.iter().find(|other| other.id == wire) else {
            return false;
        };
        let fixed = if end {
            Handle {
                side: Side::Output,
                port: found.from,
            }
        } else {
            Handle {
                side: Side::Input,
                port: found.to,
            }
        };
        self.begin_wire(fixed, Some(wire), place, sticky);
        true
    }

    /// Begins a wire at `fixed`; a sticky one stays until it is ended with a click or a key.
    pub fn begin_wire(&self, fixed: Handle, wire: Option<WireId>, at: Point, sticky: bool) {
        let editor = &self.editor;
        if editor.is_locked() {
            return;
        }
        editor.canvas.drawing.set(Some(Drawing {
            fixed,
            wire,
            at,
            over: None,
            sticky,
        }));
        let may = |handle: Handle| handle == fixed || editor.may_connect(wire, fixed, handle).is_ok();
        dom::mark_handles(&editor.canvas.surface, Some(&may));
        if sticky {
            editor.say(T.wire_begun.into());
        }
    }

    fn draw_to(&self, client: [f64; 2]) {
        let editor = &self.editor;
        let Some(drawing) = (*editor.canvas.drawing.get()).clone() else {
            return;
        };
        let over = match dom::target_at(client) {
            Target::Handle(handle) => Some(handle),
            Target::Node(node) => editor.best_handle(drawing.wire, drawing.fixed, node),
            _ => None,
        };
        let over = over
            .filter(|handle| *handle != drawing.fixed)
            .map(|handle| (handle, editor.may_connect(drawing.wire, drawing.fixed, handle)));
        editor.canvas.drawing.set(Some(Drawing {
            at: self.place(client),
            over,
            ..drawing
        }));
    }

    /// Moves the loose end to a handle, as the keyboard does.
    pub fn aim(&self, handle: Handle) {
        let editor = &self.editor;
        let Some(drawing) = (*editor.canvas.drawing.get()).clone() else {
            return;
        };
        let nothing = BTreeMap::new();
        let at = editor
            .scene()
            .handle(handle.port, handle.side, &nothing)
            .unwrap_or(drawing.at);
        let over = Some((handle, editor.may_connect(drawing.wire, drawing.fixed, handle)));
        editor.canvas.drawing.set(Some(Drawing { at, over, ..drawing }));
    }

    /// Ends the wire that is being drawn on `handle`.
    pub fn end_wire_on(&self, handle: Handle) {
        let Some(drawing) = (*self.editor.canvas.drawing.get()).clone() else {
            return;
        };
        self.end_wire();
        if handle != drawing.fixed {
            match drawing.wire {
                Some(wire) => self.editor.reroute(wire, drawing.fixed, handle),
                None => self.editor.connect(drawing.fixed, handle),
            };
        }
    }

    fn drop_wire(&self, client: [f64; 2]) {
        let editor = &self.editor;
        self.draw_to(client);
        let Some(drawing) = (*editor.canvas.drawing.get()).clone() else {
            return;
        };
        if let Some((handle, _)) = drawing.over {
            self.end_wire_on(handle);
            return;
        }
        let back = matches!(dom::target_at(client), Target::Handle(handle) if handle == drawing.fixed);
        self.end_wire();
        match drawing.wire {
            // A wire whose end is dropped on nothing is taken out.
            Some(wire) => {
                editor.edit(&Edit::Disconnect {
                    wires: BTreeSet::from([wire]),
                });
            }
            None if !back => {
                let at = dom::on_surface(&editor.canvas.surface, client);
                let [x, y] = drawing.at;
                let left = if drawing.fixed.side == Side::Input {
                    super::scene::NODE_WIDTH
                } else {
                    0.0
                };
                let place = [x - left, y - super::scene::NODE_HEIGHT / 2.0];
                let search = Search {
                    at,
                    place,
                    link: Link::With(drawing.fixed),
                };
                editor.canvas.popup.set(Some(Popup::Search(search)));
            }
            None => {}
        }
    }

    /// Gives up the wire that is being drawn.
    pub fn end_wire(&self) {
        let canvas = &self.editor.canvas;
        if canvas.drawing.get().is_some() {
            canvas.drawing.set(None);
            dom::mark_handles(&canvas.surface, None);
        }
    }

    fn click(&self, target: Target, more: bool, client: [f64; 2]) {
        let editor = &self.editor;
        if let Some(drawing) = (*editor.canvas.drawing.get()).clone() {
            match target {
                Target::Handle(handle) => self.end_wire_on(handle),
                Target::Node(node) => match editor.best_handle(drawing.wire, drawing.fixed, node) {
                    Some(handle) => self.end_wire_on(handle),
                    None => self.end_wire(),
                },
                _ => self.end_wire(),
            }
            return;
        }
        match target {
            Target::Canvas if more => {}
            Target::Canvas => editor.clear_selection(),
            Target::Node(node) if more => editor.toggle(node),
            Target::Node(node) => {
                editor.select(BTreeSet::from([node]));
                editor.show_settings();
            }
            Target::Handle(handle) => self.begin_wire(handle, None, self.place(client), true),
            Target::Wire(wire) => {
                editor.select_wire(wire);
                editor.show_settings();
            }
            Target::Grip(wire, end) => {
                self.take_up(wire, end, self.place(client), true);
            }
            Target::Note(note) | Target::NoteCorner(note) => {
                editor.clear_selection();
                editor.canvas.notes.set(BTreeSet::from([note]));
            }
            Target::Block(block) => {
                if let Some(block) = editor.design().blocks.get(block) {
                    editor.select(block.nodes.clone());
                }
            }
        }
    }

    /// Two clicks: opens the search box, a comment or a block.
    pub fn double_click(&self, event: &MouseEvent) {
        let client = [f64::from(event.client_x()), f64::from(event.client_y())];
        let editor = &self.editor;
        let at = Some(dom::on_surface(&editor.canvas.surface, client));
        match dom::target_of(
            event
                .target()
                .and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok()),
        ) {
            Target::Canvas => editor.open_search(at, Link::Free),
            Target::Wire(wire) => editor.open_search(at, Link::On(wire)),
            Target::Note(note) => editor.canvas.writing.set(Some(note)),
            Target::Block(block) => editor.toggle_fold(block),
            Target::Node(_) => editor.write_name(),
            Target::Handle(_) | Target::Grip(..) | Target::NoteCorner(_) => {}
        }
    }

    /// The right button, or the menu key.
    pub fn context_menu(&self, event: &MouseEvent) {
        event.prevent_default();
        let target = dom::target_of(
            event
                .target()
                .and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok()),
        );
        self.menu([f64::from(event.client_x()), f64::from(event.client_y())], target);
    }

    /// Opens the menu of `target` at a point of the window.
    pub fn menu(&self, client: [f64; 2], target: Target) {
        self.cancel();
        let editor = &self.editor;
        let target = match target {
            Target::Handle(handle) => Target::Node(handle.port.node),
            Target::Grip(wire, _) => Target::Wire(wire),
            Target::NoteCorner(note) => Target::Note(note),
            other => other,
        };
        match target {
            Target::Node(node) if !editor.selection.get().nodes.contains(&node) => {
                editor.select(BTreeSet::from([node]));
            }
            Target::Wire(wire) => editor.select_wire(wire),
            Target::Block(_) | Target::Note(_) => self.click(target, false, client),
            _ => {}
        }
        let at = dom::on_surface(&editor.canvas.surface, client);
        editor.canvas.popup.set(Some(Popup::Menu { at, on: target }));
    }

    /// The wheel zooms about the pointer; with Shift, or on a touch pad, it pans.
    pub fn wheel(&self, event: &WheelEvent) {
        event.prevent_default();
        let canvas = &self.editor.canvas;
        let lines = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE {
            16.0
        } else {
            1.0
        };
        let (x, y) = (event.delta_x() * lines, event.delta_y() * lines);
        let view = *canvas.view.get();
        if event.shift_key() {
            canvas
                .view
                .set(view.panned(if x == 0.0 { [-y, 0.0] } else { [-x, -y] }));
            return;
        }
        let at = dom::on_surface(
            &canvas.surface,
            [f64::from(event.client_x()), f64::from(event.client_y())],
        );
        // A pinch on a touch pad comes as a wheel with Ctrl and small steps.
        let rate = if event.ctrl_key() { 0.01 } else { 0.0015 };
        let panned = if event.ctrl_key() {
            view
        } else {
            view.panned([-x, 0.0])
        };
        canvas
            .view
            .set(panned.zoomed((-y * rate).exp().clamp(0.5, 2.0), at));
    }

    fn hover(&self, event: &PointerEvent) {
        let target = dom::target_of(
            event
                .target()
                .and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok()),
        );
        let node = match target {
            Target::Node(node) => Some(node),
            Target::Handle(handle) => Some(handle.port.node),
            _ => None,
        };
        if self.hovered.replace(node) != node {
            self.light();
        }
        super::hint::show(&self.editor, target, client_of(event));
    }

    /// Something got the keyboard focus: it is brought into view the way of the canvas.
    pub fn focused(&self, event: &web_sys::FocusEvent) {
        use wasm_bindgen::JsCast;
        let element: Option<Element> = event.target().and_then(|target| target.dyn_into().ok());
        let Some(element) = element.filter(|element| element.matches(":focus-visible").unwrap_or(false))
        else {
            return;
        };
        match dom::target_of(Some(element)) {
            Target::Node(node) => self.editor.bring_into_view(node),
            Target::Handle(handle) => self.editor.bring_into_view(handle.port.node),
            _ => {}
        }
        // The browser has scrolled the frame, which has no scroll bars to come back with.
        let frame = self
            .editor
            .canvas
            .surface
            .cast::<Element>()
            .and_then(|surface| surface.parent_element());
        if let Some(frame) = frame {
            frame.set_scroll_top(0);
            frame.set_scroll_left(0);
        }
    }

    /// The pointer has left the surface.
    pub fn leave(&self) {
        if self.hovered.take().is_some() {
            self.light();
        }
        super::hint::hide(&self.editor);
    }

    /// Lights up what is up- and downstream of the node under the pointer, else of the selected one.
    pub fn light(&self) {
        let editor = &self.editor;
        let node = self.hovered.borrow().or_else(|| editor.selection.get().single());
        dom::light(&editor.canvas.surface, &editor.design(), node);
    }
}

impl Drag {
    fn to(&mut self, here: Point, free: bool) {
        let Some(grabbed) = self.from.get(&self.grabbed) else {
            return;
        };
        let mut by = [here[0] - self.start[0], here[1] - self.start[1]];
        if !free {
            // The node under the pointer goes to the grid, and the others keep their distance from it.
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

    fn finish(self, editor: &Editor) {
        if self.moved == self.from {
            return;
        }
        // A single unconnected node that is dropped on a wire goes onto it.
        if let Some(wire) = self.wire_below(editor) {
            let mut ids = editor.document.get().ids();
            let design = editor.design();
            if let Some(node) = design.node(self.grabbed)
                && let Ok(mut edits) =
                    mtl_engine::design::compose::insert_on_wire(&design, wire, node, &mut ids)
            {
                edits.insert(
                    0,
                    Edit::Move {
                        positions: self.moved.into_iter().collect(),
                    },
                );
                editor.edit_all(crate::i18n::fill_message(T.insert_node, &[&node.name]), &edits);
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

    fn back(&self) {
        dom::place(&self.scene, &self.from, &self.wires, &self.blocks);
    }
}

/// Handles that the wire that is being drawn may end on, from left to right and top to bottom.
pub fn open_ends(editor: &Editor) -> Vec<Handle> {
    let Some(drawing) = (*editor.canvas.drawing.get()).clone() else {
        return Vec::new();
    };
    let (design, scene, nothing) = (editor.design(), editor.scene(), BTreeMap::new());
    let side = if drawing.fixed.side == Side::Output {
        Side::Input
    } else {
        Side::Output
    };
    let mut ends: Vec<(Point, Handle)> = design
        .nodes
        .iter()
        .filter(|node| scene.folded_in(node.id).is_none())
        .flat_map(|node| {
            let count = if side == Side::Input {
                node.layer.inputs().len()
            } else {
                node.layer.outputs().len()
            };
            (0..count).map(|handle| Handle {
                side,
                port: Port {
                    node: node.id,
                    handle,
                },
            })
        })
        .filter(|handle| editor.may_connect(drawing.wire, drawing.fixed, *handle).is_ok())
        .filter_map(|handle| Some((scene.handle(handle.port, side, &nothing)?, handle)))
        .collect();
    ends.sort_by(|a, b| a.0[0].total_cmp(&b.0[0]).then(a.0[1].total_cmp(&b.0[1])));
    ends.into_iter().map(|(_, handle)| handle).collect()
}

fn client_of(event: &PointerEvent) -> [f64; 2] {
    [f64::from(event.client_x()), f64::from(event.client_y())]
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
}

fn middle(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])]
}
