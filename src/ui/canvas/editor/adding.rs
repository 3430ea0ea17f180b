//! Adding layers, comments and wires.

use std::collections::{BTreeMap, BTreeSet};

use mtl_base::{
    NodeId,
    schema::{FeatureKind, LabelKind, Schema},
    settings::{FieldKind, Settings, Value},
    text::Explain,
};
use mtl_engine::{
    design::{
        Design, Node, Note, Port, Wire, WireId,
        compose::{self, Names},
        edit::{self, Edit, EditError, Ids, Refusal},
        layout,
    },
    layers::{Layer, Shape},
};

use super::{
    super::{
        dom,
        scene::{self, GRID, Point, Scene, Side, size_of},
        state::{Handle, Link, Popup, Search},
    },
    Editor,
};
use crate::i18n::{Message, canvas::T, fill_message};

impl Editor {
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

    /// Connects two handles, or shows why they cannot be connected.
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

    /// Checks whether two handles may be connected.
    pub fn may_connect(&self, wire: Option<WireId>, a: Handle, b: Handle) -> Result<(), Message> {
        let (from, to) = oriented(a, b)?;
        edit::can_reroute(&self.design(), wire, from, to).map_err(|refusal| refusal.explain())
    }

    /// The handle of `node` to connect with `fixed`: the first that is allowed, else the first.
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

    /// Opens the layer search.
    pub fn open_search(&self, at: Option<[f64; 2]>, link: Link) {
        if self.is_locked() {
            return;
        }
        let [width, height] = dom::surface_size(&self.canvas.surface);
        let at = at.unwrap_or([width / 2.0 - 120.0, height / 3.0]);
        let place = self.canvas.view.get().to_design(at);
        self.canvas
            .popup
            .set(Some(Popup::Search(Search { at, place, link })));
    }
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
    let gap = layout::COLUMN_GAP;
    let [x, y] = scene
        .handle(handle.port, handle.side, &BTreeMap::new())
        .unwrap_or_default();
    let y = y - scene::NODE_HEIGHT / 2.0;
    match handle.side {
        Side::Output => [x + gap, y],
        Side::Input => [x - gap - scene::NODE_WIDTH, y],
    }
}

/// The layer with the first suitable feature or label of the data that no other node uses yet.
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
            // The key comes from the schema, which is the only requirement of such a setting.
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
