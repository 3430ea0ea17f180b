//! Mouse, pen and touch on the drawing surface, as one state machine over pointer events.
//!
//! ```text
//! press --4 px--> pan | lasso | drag nodes | drag a comment | draw a wire          second finger --> pinch
//!   |--release--> click: select, begin or end a wire            half a second's touch --> menu
//! ```
//! Nothing here renders components: [`dom`] moves elements during a gesture, and the document is changed once, on release.

mod clicks;
mod dragging;
mod wiring;

use std::collections::{BTreeMap, BTreeSet};
use std::{
    cell::RefCell,
    rc::{Rc, Weak},
};

use gloo_timers::callback::Timeout;
use mtl_base::NodeId;
use mtl_engine::design::{Design, WireId, edit::Edit, layout::snap};
use web_sys::{Element, PointerEvent, WheelEvent};

use self::dragging::Drag;
pub use self::wiring::open_ends;

use super::{
    dom,
    editor::Editor,
    scene::{GRID, Point, Rect},
    state::Target,
};
use crate::{i18n::canvas::T, state::Subscription};

/// Distance after which a press becomes a drag, in pixels.
const DRAG_THRESHOLD: f64 = 4.0;
/// Duration of a long press, which opens the menu.
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

/// The state machine; see the module.
pub struct Controller {
    editor: Editor,
    gesture: RefCell<Gesture>,
    pointers: RefCell<BTreeMap<i32, [f64; 2]>>,
    long_press: RefCell<Option<Timeout>>,
    hovered: RefCell<Option<NodeId>>,
    _document: Subscription,
}

impl Controller {
    /// A controller without an active gesture.
    pub fn new(editor: Editor) -> Rc<Self> {
        Rc::new_cyclic(|own: &Weak<Self>| {
            let own = Weak::clone(own);
            let subscription = editor.document.subscribe(move |document| {
                if let Some(own) = own.upgrade() {
                    own.document_changed(document.design());
                }
            });
            Self {
                editor,
                gesture: RefCell::default(),
                pointers: RefCell::default(),
                long_press: RefCell::default(),
                hovered: RefCell::default(),
                _document: subscription,
            }
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

    /// Handles `pointerdown`.
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
        // A touch captures the pointer implicitly; the target is looked up under the finger instead.
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
            // Keyboard input goes to the canvas from now on.
            let _ = surface.focus();
        }
        self.set(Gesture::Press {
            start: client,
            target,
            more: event.ctrl_key() || event.meta_key() || (event.shift_key() && target != Target::Canvas),
            lasso: event.shift_key(),
        });
    }

    /// Handles `pointermove`.
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

    /// Handles `pointerup`.
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
                corner,
                size: before,
                now: (position, size),
                ..
            } => {
                if !self.editor.edit(&Edit::PlaceNote { note, position, size }) {
                    dom::place_note(note, corner, before);
                }
            }
            Gesture::Wire => self.drop_wire(client),
            Gesture::Idle | Gesture::Pan { .. } | Gesture::Pinch { .. } => {}
        }
    }

    /// Handles `pointercancel` and Escape: cancels the gesture and restores the previous state.
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

    /// The document has changed, by a key, a script or an undo, while something is drawn by hand. What was moved goes back to where the
    /// old document has it, before the new one is rendered: rendering changes only what differs between the two. What hangs on
    /// something that is gone ends.
    fn document_changed(&self, design: &Design) {
        let has = |node: NodeId| design.node(node).is_some();
        let has_wire = |wire: WireId| design.wires.iter().any(|other| other.id == wire);
        let is_gone = |target: &Target| match target {
            Target::Canvas => false,
            Target::Node(node) => !has(*node),
            Target::Handle(handle) => !has(handle.port.node),
            Target::Wire(wire) | Target::Grip(wire, _) => !has_wire(*wire),
            Target::Note(note) | Target::NoteCorner(note) => {
                !design.notes.iter().any(|other| other.id == *note)
            }
            Target::Block(block) => *block >= design.blocks.len(),
        };
        let ends = match &*self.gesture.borrow() {
            Gesture::Drag(_) | Gesture::Note { .. } => true,
            Gesture::Press { target, .. } => is_gone(target),
            _ => false,
        };
        let hangs = self
            .editor
            .canvas
            .drawing
            .get()
            .as_ref()
            .as_ref()
            .is_some_and(|drawing| {
                let over = drawing.over.as_ref().map(|(handle, _)| *handle);
                !has(drawing.fixed.port.node)
                    || over.is_some_and(|handle| !has(handle.port.node))
                    || drawing.wire.is_some_and(|wire| !has_wire(wire))
            });
        if ends || hangs {
            self.cancel();
        }
    }

    /// Removes a pointer that the browser has cancelled.
    pub fn lost(&self, event: &PointerEvent) {
        self.pointers.borrow_mut().remove(&event.pointer_id());
        *self.long_press.borrow_mut() = None;
        self.cancel();
    }

    fn capture(&self, event: &PointerEvent) {
        if let Some(surface) = self.editor.canvas.surface.cast::<Element>() {
            // Capturing fails for a pointer that has already been removed, which sends no more events.
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

    /// Handles `wheel`: zooms about the pointer; with Shift, or on a touch pad, pans.
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
        // A pinch on a touch pad is reported as a wheel event with Ctrl and small deltas.
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

    /// Handles `focusin`: pans the canvas so that the focused element is visible.
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
        // Undoes the browser's own scrolling of the frame, which has no scroll bars.
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

    /// Handles `pointerleave`.
    pub fn leave(&self) {
        if self.hovered.take().is_some() {
            self.light();
        }
        super::hint::hide(&self.editor);
    }

    /// Highlights the ancestors and descendants of the hovered node, else of the selected one.
    pub fn light(&self) {
        let editor = &self.editor;
        let node = self.hovered.borrow().or_else(|| editor.selection.get().single());
        dom::light(&editor.canvas.surface, &editor.design(), node);
    }
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
