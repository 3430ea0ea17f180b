//! Positions and view: aligning, automatic layout, pan and zoom.

use std::collections::{BTreeMap, BTreeSet};

use mtl_base::NodeId;
use mtl_engine::design::{edit::Edit, layout::layout};

use super::{
    super::{
        dom,
        scene::{self, Arrange, Point, arrange},
        state::{MIN_SCALE, READABLE_SCALE, START_SCALE, View},
    },
    Editor,
};
use crate::i18n::{Message, canvas::T, fill_message};

impl Editor {
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

    /// Moves nodes as one step, animated unless the user prefers reduced motion.
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

    /// Zooms to fit the whole design.
    pub fn fit(&self) {
        self.show(|whole| whole.max(MIN_SCALE));
    }

    /// The initial view of a design: all of it, or its start where the text would not be legible otherwise.
    pub fn show_start(&self) {
        self.show(|whole| {
            if whole < READABLE_SCALE {
                START_SCALE
            } else {
                whole
            }
        });
    }

    /// Shows the design at the zoom that `choose` derives from the one that fits; a design that is wider than the canvas
    /// is aligned to its left. Where the minimap would cover a layer, the design is placed beside the map or above it.
    fn show(&self, choose: fn(f64) -> f64) {
        let scene = self.scene();
        let Some(bounds) = scene.bounds() else {
            return;
        };
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let map = dom::map_size(&self.canvas.surface);
        let leaving = |right: f64, bottom: f64| {
            let (width, height) = (width - right, height - bottom);
            let margin = 16.0;
            let scale_x = (width - 2.0 * margin) / f64::from(bounds.width.max(1.0));
            let scale_y = (height - 2.0 * margin - 36.0) / f64::from(bounds.height.max(1.0));
            let scale = choose(scale_x.min(scale_y).min(1.0));
            let [x, y] = bounds.middle();
            let x = if scale > scale_x {
                margin - f64::from(bounds.x) * scale
            } else {
                width / 2.0 - f64::from(x) * scale
            };
            let y = height / 2.0 + 18.0 - f64::from(y) * scale;
            View { x, y, scale }
        };
        let hides_something = |view: &View| {
            let [left, top] = view.to_design([width - map[0], height - map[1]]);
            let [right, bottom] = view.to_design([width, height]);
            let under_map = scene::Rect {
                x: left,
                y: top,
                width: right - left,
                height: bottom - top,
            };
            map[0] > 0.0 && !scene.touched(&under_map).is_empty()
        };
        let whole = leaving(0.0, 0.0);
        let view = if hides_something(&whole) {
            [leaving(map[0], 0.0), leaving(0.0, map[1])]
                .into_iter()
                // Avoiding the minimap is not worth halving the zoom.
                .filter(|view| view.scale > whole.scale / 2.0 && !hides_something(view))
                .max_by(|a, b| a.scale.total_cmp(&b.scale))
                .unwrap_or(whole)
        } else {
            whole
        };
        self.canvas.view.set(view);
    }

    /// Zooms about the centre of the view.
    pub fn zoom(&self, factor: f64) {
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let view = self.canvas.view.get().zoomed(factor, [width / 2.0, height / 2.0]);
        self.canvas.view.set(view);
        let percent = (view.scale * 100.0).round();
        self.say(fill_message(T.zoomed_to, &[&percent]));
    }

    /// Selects a node and scrolls it into view.
    pub fn reveal(&self, node: NodeId) {
        self.select(BTreeSet::from([node]));
        self.bring_into_view(node);
    }

    /// Scrolls a node into view.
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
}
