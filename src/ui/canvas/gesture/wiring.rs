//! Drawing a wire: by drag, by click and click, and from the keyboard.

use std::collections::{BTreeMap, BTreeSet};

use mtl_engine::{
    design::{Port, WireId, edit::Edit},
    layers::Arity,
};

use super::{
    super::{
        dom,
        editor::Editor,
        scene::{NODE_HEIGHT, NODE_WIDTH, Point, Side},
        state::{Drawing, Handle, Link, Popup, Search, Target},
    },
    Controller,
};
use crate::i18n::canvas::T;

impl Controller {
    /// The wire at an input that takes one only: dragging from there moves its end.
    pub(super) fn taken_wire(&self, handle: Handle) -> Option<(WireId, Handle)> {
        let design = self.editor.design();
        let inputs = design.node(handle.port.node)?.layer.inputs();
        if handle.side == Side::Output || inputs.get(handle.port.handle)?.arity != Arity::One {
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

    /// Begins to move one end of a wire.
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

    /// Begins a wire at `fixed`; a sticky wire stays until it is ended with a click or a key.
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

    pub(super) fn draw_to(&self, client: [f64; 2]) {
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

    /// Ends the pending wire on `handle`.
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

    pub(super) fn drop_wire(&self, client: [f64; 2]) {
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
            // A wire whose end is dropped on the background is removed.
            Some(wire) => {
                editor.edit(&Edit::Disconnect {
                    wires: BTreeSet::from([wire]),
                });
            }
            None if !back => {
                let at = dom::on_surface(&editor.canvas.surface, client);
                let [x, y] = drawing.at;
                let left = if drawing.fixed.side == Side::Input {
                    NODE_WIDTH
                } else {
                    0.0
                };
                let place = [x - left, y - NODE_HEIGHT / 2.0];
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

    /// Cancels the pending wire.
    pub fn end_wire(&self) {
        let canvas = &self.editor.canvas;
        if canvas.drawing.get().is_some() {
            canvas.drawing.set(None);
            dom::mark_handles(&canvas.surface, None);
        }
    }
}

/// Handles that the pending wire may end on, from left to right and top to bottom.
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
