//! Clicks, double clicks and menus.

use std::collections::BTreeSet;

use web_sys::MouseEvent;

use super::{
    super::{
        dom,
        state::{Link, Popup, Target},
    },
    Controller,
};

impl Controller {
    pub(super) fn click(&self, target: Target, more: bool, client: [f64; 2]) {
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

    /// Double click: opens the layer search, a comment or a block.
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

    /// Context menu: the right button, or the menu key.
    pub fn context_menu(&self, event: &MouseEvent) {
        event.prevent_default();
        let target = dom::target_of(
            event
                .target()
                .and_then(|target| wasm_bindgen::JsCast::dyn_into(target).ok()),
        );
        self.menu([f64::from(event.client_x()), f64::from(event.client_y())], target);
    }

    /// Opens the context menu of `target` at client coordinates.
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
}
