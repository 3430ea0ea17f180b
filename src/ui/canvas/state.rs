//! State of the canvas besides the document and the selection.

use std::collections::BTreeSet;

use mtl_base::NodeId;
use mtl_engine::design::{Port, WireId};
use yew::NodeRef;

use super::{
    hint::Hint,
    scene::{Point, Side},
};
use crate::{i18n::Message, state::Store};

/// Smallest zoom.
pub const MIN_SCALE: f64 = 0.25;
/// Smallest zoom at which names are legible.
pub const READABLE_SCALE: f64 = 0.45;
/// Initial zoom of a design that is too large to fit at a legible zoom; its start is shown.
pub const START_SCALE: f64 = 0.6;
/// Largest zoom.
pub const MAX_SCALE: f64 = 2.0;

/// Pan and zoom: a point of the design is drawn at `scale * point + [x, y]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Horizontal position of the design's origin, in pixels.
    pub x: f64,
    /// Vertical position of the design's origin, in pixels.
    pub y: f64,
    pub scale: f64,
}

impl Default for View {
    fn default() -> Self {
        Self {
            x: 40.0,
            y: 40.0,
            scale: 1.0,
        }
    }
}

impl View {
    /// Converts a position on the canvas to a point of the design.
    pub fn to_design(self, [x, y]: [f64; 2]) -> Point {
        [
            ((x - self.x) / self.scale) as f32,
            ((y - self.y) / self.scale) as f32,
        ]
    }

    /// Converts a point of the design to a position on the canvas.
    pub fn to_screen(self, [x, y]: Point) -> [f64; 2] {
        [
            f64::from(x) * self.scale + self.x,
            f64::from(y) * self.scale + self.y,
        ]
    }

    /// Zooms by `factor` about the point `at`.
    #[must_use]
    pub fn zoomed(self, factor: f64, at: [f64; 2]) -> Self {
        let scale = (self.scale * factor).clamp(MIN_SCALE, MAX_SCALE);
        let ratio = scale / self.scale;
        Self {
            x: at[0] - (at[0] - self.x) * ratio,
            y: at[1] - (at[1] - self.y) * ratio,
            scale,
        }
    }

    /// Pans by some pixels.
    #[must_use]
    pub fn panned(self, [x, y]: [f64; 2]) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            ..self
        }
    }
}

/// A handle: node, side and index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handle {
    pub side: Side,
    pub port: Port,
}

/// A wire that is being drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// The fixed end.
    pub fixed: Handle,
    /// The wire whose end is being moved; `None` for a new wire.
    pub wire: Option<WireId>,
    /// Position of the loose end, in the design.
    pub at: Point,
    /// The handle under the loose end, and whether it may be connected.
    pub over: Option<(Handle, Result<(), Message>)>,
    /// Whether it was begun with a click or a key, and stays until it is ended or cancelled.
    pub sticky: bool,
}

/// An overlay of the canvas.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    /// The layer search.
    Search(Search),
    /// The palette.
    Palette,
    /// A context menu.
    Menu {
        /// Position, in pixels of the canvas.
        at: [f64; 2],
        /// The item that was clicked.
        on: Target,
    },
}

/// Request for a layer search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Position of the search box, in pixels of the canvas.
    pub at: [f64; 2],
    /// Position of the new layer, in the design.
    pub place: Point,
    /// What the new layer is connected with.
    pub link: Link,
}

/// What a new layer is connected with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// Nothing.
    Free,
    /// The handle at which a wire was begun.
    With(Handle),
    /// A wire that it is inserted into.
    On(WireId),
}

/// An item of the canvas that can be under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The background.
    Canvas,
    Node(NodeId),
    Handle(Handle),
    Wire(WireId),
    /// The grip at an end of a selected wire: the end if `true`, else the start.
    Grip(WireId, bool),
    Note(u32),
    /// The corner with which a comment is resized.
    NoteCorner(u32),
    /// A block, by index.
    Block(usize),
}

/// State of the canvas.
#[derive(Clone, PartialEq)]
pub struct CanvasState {
    pub view: Store<View>,
    /// The pending wire.
    pub drawing: Store<Option<Drawing>>,
    /// The selection rectangle: two corners, in the design.
    pub lasso: Store<Option<[Point; 2]>>,
    /// The layer that is being dragged from the palette: its key, and its position in pixels of the canvas.
    pub carried: Store<Option<(&'static str, [f64; 2])>>,
    /// The open overlay.
    pub popup: Store<Option<Popup>>,
    /// Selected comments.
    pub notes: Store<BTreeSet<u32>>,
    /// The comment that is being edited.
    pub writing: Store<Option<u32>>,
    /// Whether the canvas is locked: nothing can be moved or wired.
    pub locked: Store<bool>,
    /// The tooltip.
    pub hint: Store<Hint>,
    /// Text of the live region.
    pub said: Store<Message>,
    /// The drawing surface.
    pub surface: NodeRef,
}

impl Default for CanvasState {
    fn default() -> Self {
        Self {
            view: Store::new(View::default()),
            drawing: Store::new(None),
            lasso: Store::new(None),
            carried: Store::new(None),
            popup: Store::new(None),
            notes: Store::new(BTreeSet::new()),
            writing: Store::new(None),
            locked: Store::new(false),
            hint: Store::new(None),
            said: Store::new(Message::default()),
            surface: NodeRef::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zoom_keeps_the_place_under_the_pointer() {
        let view = View {
            x: 30.0,
            y: -12.0,
            scale: 0.8,
        };
        let at = [200.0, 90.0];
        let before = view.to_design(at);
        for factor in [1.3, 0.5, 100.0] {
            let after = view.zoomed(factor, at).to_design(at);
            assert!((before[0] - after[0]).abs() < 1e-3 && (before[1] - after[1]).abs() < 1e-3);
        }
        assert_eq!(view.zoomed(100.0, at).scale, MAX_SCALE);
        let [x, y] = view.to_screen(before);
        assert!((x - at[0]).abs() < 1e-3 && (y - at[1]).abs() < 1e-3);
    }
}
