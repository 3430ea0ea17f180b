//! Keyboard control of the canvas: Tab reaches nodes (and the handles and wires of the selected one), Enter selects and wires, arrows
//! move, Escape cancels. Keys are ignored while text is typed.

use std::collections::{BTreeMap, BTreeSet};

use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use super::{
    dom,
    editor::Editor,
    gesture::{Controller, open_ends},
    state::{Link, Target},
};
use crate::i18n::{canvas::T, fill_message};

/// Distance that an arrow key moves a node, in pixels.
const STEP: f32 = 5.0;
/// Distance with Shift, in pixels.
const LONG_STEP: f32 = 20.0;

/// Whether the focused element takes text.
fn is_typing(element: &Element) -> bool {
    let tag = element.tag_name().to_ascii_lowercase();
    matches!(tag.as_str(), "input" | "textarea" | "select") || element.has_attribute("contenteditable")
}

/// Handles `keydown` anywhere on the page; `canvas` is the canvas with its bars.
pub fn key_down(event: &KeyboardEvent, canvas: &Element, editor: &Editor, controller: &Controller) {
    if event.default_prevented() {
        return;
    }
    let Some(document) = web_sys::window().and_then(|window| window.document()) else {
        return;
    };
    let active = document.active_element();
    if document.query_selector("dialog[open]").ok().flatten().is_some()
        || active.as_ref().is_some_and(is_typing)
    {
        return;
    }
    let inside = active
        .as_ref()
        .is_some_and(|active| canvas.contains(Some(active.unchecked_ref())));
    let nowhere =
        active.is_none_or(|active| matches!(active.tag_name().as_str(), "BODY" | "HTML" | "SECTION"));
    let key = event.key();
    let handled = if event.ctrl_key() || event.meta_key() {
        command(
            &key.to_ascii_lowercase(),
            event.shift_key(),
            inside || nowhere,
            editor,
        )
    } else if inside || nowhere {
        plain(&key, event, inside, editor, controller)
    } else {
        false
    };
    if handled {
        event.prevent_default();
    }
}

fn command(key: &str, shift: bool, here: bool, editor: &Editor) -> bool {
    match key {
        "z" if shift => editor.redo(),
        "z" => editor.undo(),
        "y" => editor.redo(),
        _ if !here => return false,
        "a" => editor.select_all(),
        "c" => editor.copy(),
        "x" => editor.cut(),
        "v" => editor.paste(None),
        "d" => editor.duplicate(),
        "g" if shift => editor.ungroup(),
        "g" => editor.group(),
        _ => return false,
    }
    true
}

fn plain(key: &str, event: &KeyboardEvent, inside: bool, editor: &Editor, controller: &Controller) -> bool {
    let drawing = editor.canvas.drawing.get().is_some();
    let in_popup = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok())
        .is_some_and(|target| {
            target
                .closest("[role=menu],.canvas-palette,.canvas-search,.canvas-problems,.canvas-bar,.minimap")
                .ok()
                .flatten()
                .is_some()
        });
    match key {
        "Escape" => {
            if editor.canvas.popup.get().is_some() {
                editor.canvas.popup.set(None);
            } else if drawing {
                controller.cancel();
                editor.say(T.wire_given_up.into());
            } else {
                controller.cancel();
                editor.clear_selection();
            }
        }
        _ if in_popup => return false,
        "/" => editor.open_search(None, selected_link(editor)),
        "Delete" | "Backspace" => editor.delete_selection(),
        "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" if drawing => {
            next_end(editor, controller, matches!(key, "ArrowRight" | "ArrowDown"));
        }
        "Tab" if drawing => next_end(editor, controller, !event.shift_key()),
        "ArrowLeft" | "ArrowRight" | "ArrowUp" | "ArrowDown" if inside => {
            let step = if event.shift_key() { LONG_STEP } else { STEP };
            let by = match key {
                "ArrowLeft" => [-step, 0.0],
                "ArrowRight" => [step, 0.0],
                "ArrowUp" => [0.0, -step],
                _ => [0.0, step],
            };
            if editor.selection.get().nodes.is_empty() {
                let view = editor
                    .canvas
                    .view
                    .get()
                    .panned([-8.0 * f64::from(by[0]), -8.0 * f64::from(by[1])]);
                editor.canvas.view.set(view);
            } else {
                editor.nudge(by);
            }
        }
        "Enter" | " " => return activate(event, editor, controller),
        "ContextMenu" | "F10" if inside && (key == "ContextMenu" || event.shift_key()) => {
            open_menu(controller)
        }
        "m" if inside => open_menu(controller),
        "f" if inside => editor.fit(),
        "l" if inside => editor.lay_out(),
        "+" | "=" if inside => editor.zoom(1.25),
        "-" if inside => editor.zoom(0.8),
        _ => return false,
    }
    true
}

/// With one wire selected, a searched layer is inserted into it.
fn selected_link(editor: &Editor) -> Link {
    let selection = editor.selection.get();
    match (
        selection.nodes.is_empty(),
        selection.wires.len(),
        selection.wires.first(),
    ) {
        (true, 1, Some(wire)) => Link::On(*wire),
        _ => Link::Free,
    }
}

fn activate(event: &KeyboardEvent, editor: &Editor, controller: &Controller) -> bool {
    let selection = editor.selection.get();
    match dom::focused() {
        Target::Handle(handle) if editor.canvas.drawing.get().is_some() => {
            controller.end_wire_on(handle);
            dom::focus(&dom::handle_id(handle));
        }
        Target::Handle(handle) => {
            let at = editor
                .scene()
                .handle(handle.port, handle.side, &BTreeMap::new())
                .unwrap_or_default();
            controller.begin_wire(handle, None, at, true);
            next_end(editor, controller, true);
        }
        Target::Grip(wire, end) => {
            let nothing = BTreeMap::new();
            let at = editor
                .scene()
                .ends(wire, &nothing)
                .map_or([0.0; 2], |ends| if end { ends.1 } else { ends.0 });
            controller.take_up(wire, end, at, true);
            next_end(editor, controller, true);
        }
        Target::Node(node) if event.shift_key() => editor.toggle(node),
        Target::Node(node) if selection.single() == Some(node) => editor.write_name(),
        Target::Node(node) => {
            editor.select(BTreeSet::from([node]));
            editor.show_settings();
        }
        Target::Wire(wire) => editor.select_wire(wire),
        Target::Note(note) => editor.canvas.writing.set(Some(note)),
        Target::Block(block) if event.shift_key() => editor.toggle_fold(block),
        Target::Block(block) => {
            if let Some(block) = editor.design().blocks.get(block) {
                editor.select(block.nodes.clone());
            }
        }
        Target::NoteCorner(_) | Target::Canvas => return false,
    }
    true
}

/// Moves the loose end of the pending wire to the next handle that it may end on.
fn next_end(editor: &Editor, controller: &Controller, forward: bool) {
    let ends = open_ends(editor);
    if ends.is_empty() {
        editor.say(T.no_open_end.into());
        return;
    }
    let over = editor
        .canvas
        .drawing
        .get()
        .as_ref()
        .as_ref()
        .and_then(|drawing| drawing.over.as_ref().map(|(end, _)| *end));
    let place = over.and_then(|over| ends.iter().position(|end| *end == over));
    let next = match place {
        Some(place) if forward => (place + 1) % ends.len(),
        Some(place) => (place + ends.len() - 1) % ends.len(),
        None => 0,
    };
    controller.aim(ends[next]);
    dom::focus(&dom::handle_id(ends[next]));
    if let Some(node) = editor.design().node(ends[next].port.node) {
        editor.say(fill_message(
            T.wire_end_at,
            &[&node.name, &(next + 1), &ends.len()],
        ));
    }
}

fn open_menu(controller: &Controller) {
    let Some(active) = web_sys::window().and_then(|window| window.document()?.active_element()) else {
        return;
    };
    let rect = active.get_bounding_client_rect();
    let target = dom::focused();
    let at = if target == Target::Canvas {
        [rect.left() + 60.0, rect.top() + 60.0]
    } else {
        [rect.left() + rect.width() / 2.0, rect.bottom()]
    };
    controller.menu(at, target);
}
