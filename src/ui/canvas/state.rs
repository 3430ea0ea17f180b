//! What the canvas remembers besides the document and the selection.

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
/// Names can be read from this zoom on.
pub const READABLE_SCALE: f64 = 0.45;
/// What is seen of a design that is too large for that: its start, at this zoom.
pub const START_SCALE: f64 = 0.6;
/// Largest zoom.
pub const MAX_SCALE: f64 = 2.0;

/// Pan and zoom: a place of the design is drawn at `scale * place + [x, y]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Where the design's origin is drawn, in pixels from the left.
    pub x: f64,
    /// The same from the top.
    pub y: f64,
    /// Zoom.
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
    /// The place of the design that is drawn at `[x, y]`.
    pub fn to_design(self, [x, y]: [f64; 2]) -> Point {
        [
            ((x - self.x) / self.scale) as f32,
            ((y - self.y) / self.scale) as f32,
        ]
    }

    /// Where a place of the design is drawn.
    pub fn to_screen(self, [x, y]: Point) -> [f64; 2] {
        [
            f64::from(x) * self.scale + self.x,
            f64::from(y) * self.scale + self.y,
        ]
    }

    /// Zoomed by `factor` so that what is drawn at `at` stays there.
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

    /// Moved by some pixels.
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
    /// Left or right.
    pub side: Side,
    /// Node and index.
    pub port: Port,
}

/// A wire that is being drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// The end that is fixed.
    pub fixed: Handle,
    /// The wire whose other end was taken up, if it is not a new one.
    pub wire: Option<WireId>,
    /// Where the loose end is, in the design.
    pub at: Point,
    /// The handle under the loose end, and whether it may be connected.
    pub over: Option<(Handle, Result<(), Message>)>,
    /// Begun with a click or a key: it stays until it is ended or cancelled.
    pub sticky: bool,
}

/// What lies over the canvas.
#[derive(Clone, Debug, PartialEq)]
pub enum Popup {
    /// The box that finds a layer by name.
    Search(Search),
    /// The list of layers.
    Palette,
    /// The menu of what was clicked.
    Menu {
        /// Where, in pixels of the canvas.
        at: [f64; 2],
        /// On what.
        on: Target,
    },
}

/// Where a searched layer goes.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// Where the box is, in pixels of the canvas.
    pub at: [f64; 2],
    /// Where the layer goes, in the design.
    pub place: Point,
    /// What it is connected with.
    pub link: Link,
}

/// What a new layer is connected with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Link {
    /// Nothing.
    Free,
    /// The handle where a wire was begun.
    With(Handle),
    /// A wire that it is put on.
    On(WireId),
}

/// What is under the pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing.
    Canvas,
    /// A node.
    Node(NodeId),
    /// A handle.
    Handle(Handle),
    /// A wire.
    Wire(WireId),
    /// The grip at an end of a selected wire; `true`: the end, `false`: the start.
    Grip(WireId, bool),
    /// A comment.
    Note(u32),
    /// The corner that sizes a comment.
    NoteCorner(u32),
    /// A block, by index.
    Block(usize),
}

/// All of it.
#[derive(Clone, PartialEq)]
pub struct CanvasState {
    /// Pan and zoom.
    pub view: Store<View>,
    /// The wire that is being drawn.
    pub drawing: Store<Option<Drawing>>,
    /// The rectangle that selects, in the design: two corners.
    pub lasso: Store<Option<[Point; 2]>>,
    /// The layer that is being dragged from the palette: its key, and where it is in pixels of the canvas.
    pub carried: Store<Option<(&'static str, [f64; 2])>>,
    /// What lies over the canvas.
    pub popup: Store<Option<Popup>>,
    /// Selected comments.
    pub notes: Store<BTreeSet<u32>>,
    /// The comment that is being written.
    pub writing: Store<Option<u32>>,
    /// Nothing is moved or wired by hand.
    pub locked: Store<bool>,
    /// What is said beside the pointer.
    pub hint: Store<Hint>,
    /// What the live region says.
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
