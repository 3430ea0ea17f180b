//! Direct updates of the DOM that need no rendering: while something is dragged, panned or highlighted, attributes of the existing
//! elements are set directly, and the yew state is updated once, at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::{cell::RefCell, rc::Rc};

use mtl_base::NodeId;
use mtl_engine::design::{Design, Port, WireId, graph};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Document, Element, HtmlElement, SvgElement};
use yew::NodeRef;

use super::{
    scene::{Point, Scene, Side, wire_path},
    state::{Handle, Target, View},
};

const GLIDE_MS: f64 = 280.0;

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn element(id: &str) -> Option<Element> {
    document()?.get_element_by_id(id)
}

fn set(element: &Element, name: &str, value: &str) {
    // Fails only for invalid attribute names, and all names are literals in this file.
    let _ = element.set_attribute(name, value);
}

/// The closest ancestor of an event's target that matches `css`. The event's current target cannot be used, since yew listens at the root.
pub fn pressed(event: &web_sys::Event, css: &str) -> Option<Element> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(css).ok().flatten()
}

/// Below this zoom small text is not legible, and only names are shown, in large type.
const FAR_SCALE: f64 = 0.62;

/// Id of a node's element.
pub fn node_id(node: NodeId) -> String {
    format!("mtl-node-{}", node.0)
}

/// Id of a wire's element.
pub fn wire_id(wire: WireId) -> String {
    format!("mtl-wire-{}", wire.0)
}

/// Id of a block's element.
pub fn block_id(block: usize) -> String {
    format!("mtl-block-{block}")
}

/// Id of a comment's element.
pub fn note_id(note: u32) -> String {
    format!("mtl-note-{note}")
}

/// Id of a handle's element.
pub fn handle_id(handle: Handle) -> String {
    let side = if handle.side == Side::Input { "in" } else { "out" };
    format!("mtl-{side}-{}-{}", handle.port.node.0, handle.port.handle)
}

/// A position as the value of a `transform` attribute.
pub fn translate([x, y]: Point) -> String {
    format!("translate({x} {y})")
}

/// Width and height of the drawing surface in pixels; a default while it is not rendered.
pub fn surface_size(surface: &NodeRef) -> [f64; 2] {
    match surface
        .cast::<Element>()
        .map(|element| element.get_bounding_client_rect())
    {
        Some(rect) if rect.width() > 0.0 && rect.height() > 0.0 => [rect.width(), rect.height()],
        _ => [900.0, 500.0],
    }
}

/// Width and height of the part of the surface that the minimap covers (lower right corner), in pixels; 0 without a minimap.
pub fn map_size(surface: &NodeRef) -> [f64; 2] {
    const GAP: f64 = 4.0;
    let measured = surface.cast::<Element>().and_then(|surface| {
        let map = surface
            .parent_element()?
            .query_selector(".minimap")
            .ok()??
            .get_bounding_client_rect();
        let all = surface.get_bounding_client_rect();
        (map.width() > 0.0).then(|| [all.right() - map.left() + GAP, all.bottom() - map.top() + GAP])
    });
    measured.unwrap_or_default()
}

/// Converts client coordinates to coordinates of the surface.
pub fn on_surface(surface: &NodeRef, client: [f64; 2]) -> [f64; 2] {
    match surface
        .cast::<Element>()
        .map(|element| element.get_bounding_client_rect())
    {
        Some(rect) => [client[0] - rect.left(), client[1] - rect.top()],
        None => client,
    }
}

/// Applies pan and zoom to the surface's content.
pub fn set_view(surface: &NodeRef, view: View) {
    let Some(surface) = surface.cast::<Element>() else {
        return;
    };
    let View { x, y, scale } = view;
    if let Some(world) = surface.query_selector(".world").ok().flatten() {
        set(&world, "transform", &format!("translate({x} {y}) scale({scale})"));
    }
    if let Some(grid) = surface.query_selector("pattern").ok().flatten() {
        set(
            &grid,
            "patternTransform",
            &format!("translate({x} {y}) scale({scale})"),
        );
    }
    let Some(style) = surface.dyn_ref::<SvgElement>().map(SvgElement::style) else {
        return;
    };
    // The style of every handle depends on the zoom, so that it is updated only when the zoom changes; panning stays cheap.
    let zoom = scale.to_string();
    if style.get_property_value("--zoom").ok().as_deref() != Some(zoom.as_str()) {
        let _ = style.set_property("--zoom", &zoom);
        // The style sheet hides small text on a zoomed-out canvas.
        set(
            &surface,
            "data-far",
            if scale < FAR_SCALE { "true" } else { "false" },
        );
    }
}

/// Marks the view as being moved, so that the browser composites the drawing as one layer.
pub fn set_moving(surface: &NodeRef, moving: bool) {
    if let Some(surface) = surface.cast::<Element>() {
        set(&surface, "data-moving", if moving { "true" } else { "false" });
    }
}

/// Updates the positions of moved nodes and of the wires and blocks that depend on them.
pub fn place(scene: &Scene, moved: &BTreeMap<NodeId, Point>, wires: &[WireId], blocks: &[usize]) {
    for (node, corner) in moved {
        if let Some(element) = element(&node_id(*node)) {
            set(&element, "transform", &translate(*corner));
        }
    }
    for wire in wires {
        let (Some((start, end)), Some(element)) = (scene.ends(*wire, moved), element(&wire_id(*wire))) else {
            continue;
        };
        set_path(&element, &wire_path(start, end));
    }
    for block in blocks {
        let (Some(rect), Some(element)) = (scene.block(*block, moved), element(&block_id(*block))) else {
            continue;
        };
        set(&element, "transform", &translate(rect.corner()));
        if let Some(frame) = element.query_selector(".block-box").ok().flatten() {
            set(&frame, "width", &rect.width.to_string());
            set(&frame, "height", &rect.height.to_string());
        }
    }
}

fn set_path(wire: &Element, path: &str) {
    let mut child = wire.first_element_child();
    while let Some(element) = child {
        if element.tag_name() == "path" {
            set(&element, "d", path);
        }
        child = element.next_element_sibling();
    }
}

/// Updates the position and size of a comment.
pub fn place_note(note: u32, corner: Point, size: Point) {
    let Some(element) = element(&note_id(note)) else {
        return;
    };
    set(&element, "transform", &translate(corner));
    if let Some(paper) = element.query_selector(".memo-box").ok().flatten() {
        set(&paper, "width", &size[0].to_string());
        set(&paper, "height", &size[1].to_string());
    }
}

/// Wires and blocks whose geometry depends on `nodes`.
pub fn followers(scene: &Scene, nodes: &BTreeSet<NodeId>) -> (Vec<WireId>, Vec<usize>) {
    let blocks: Vec<usize> = (0..scene.blocks.len())
        .filter(|index| !scene.blocks[*index].nodes.is_disjoint(nodes))
        .collect();
    let mut around = nodes.clone();
    // The box of a folded block is centred on its nodes: when one moves, the wires of all change.
    for block in &blocks {
        around.extend(&scene.blocks[*block].nodes);
    }
    (scene.wires_of(&around).collect(), blocks)
}

/// Whether the user prefers reduced motion.
pub fn wants_less_motion() -> bool {
    web_sys::window()
        .and_then(|window| {
            window
                .match_media("(prefers-reduced-motion: reduce)")
                .ok()
                .flatten()
        })
        .is_some_and(|query| query.matches())
}

/// Animates nodes from their old to their new positions.
pub fn glide(before: &Scene, after: Scene) {
    if wants_less_motion() {
        return;
    }
    let routes: Vec<(NodeId, Point, Point)> = after
        .nodes
        .iter()
        .filter_map(|(node, rect)| Some((*node, before.nodes.get(node)?.corner(), rect.corner())))
        .filter(|(_, from, to)| from != to)
        .collect();
    if routes.is_empty() {
        return;
    }
    let nodes = routes.iter().map(|(node, ..)| *node).collect();
    let (wires, blocks) = followers(&after, &nodes);
    let mut begun = None;
    each_frame(move |now| {
        let begun = *begun.get_or_insert(now);
        let share = ((now - begun) / GLIDE_MS).clamp(0.0, 1.0) as f32;
        let eased = share * share * (3.0 - 2.0 * share);
        let between = |a: f32, b: f32| a + (b - a) * eased;
        let moved = routes
            .iter()
            .map(|(node, from, to)| {
                let at = if share < 1.0 {
                    [between(from[0], to[0]), between(from[1], to[1])]
                } else {
                    *to
                };
                (*node, at)
            })
            .collect();
        place(&after, &moved, &wires, &blocks);
        share < 1.0
    });
}

/// Calls `frame` with the time in milliseconds on every animation frame, until it returns false.
pub fn each_frame(mut frame: impl FnMut(f64) -> bool + 'static) {
    type Slot = Rc<RefCell<Option<Closure<dyn FnMut(f64)>>>>;
    fn request(slot: &Slot) {
        if let (Some(window), Some(closure)) = (web_sys::window(), &*slot.borrow()) {
            // A closing window requests no more frames.
            let _ = window.request_animation_frame(closure.as_ref().unchecked_ref());
        }
    }
    let slot: Slot = Rc::default();
    let own = Rc::clone(&slot);
    *slot.borrow_mut() = Some(Closure::new(move |now| {
        if frame(now) {
            request(&own);
        } else {
            // The closure cannot be dropped while it runs: it is dropped in the next task.
            let own = Rc::clone(&own);
            gloo_timers::callback::Timeout::new(0, move || drop(own.borrow_mut().take())).forget();
        }
    }));
    request(&slot);
}

/// Highlights the ancestors and descendants of a node.
pub fn light(surface: &NodeRef, design: &Design, node: Option<NodeId>) {
    let Some(surface) = surface.cast::<Element>() else {
        return;
    };
    let Some(world) = surface.query_selector(".world").ok().flatten() else {
        return;
    };
    if let Ok(lit) = world.query_selector_all("[data-lit]") {
        for index in 0..lit.length() {
            if let Some(element) = lit
                .get(index)
                .and_then(|element| element.dyn_into::<Element>().ok())
            {
                let _ = element.remove_attribute("data-lit");
            }
        }
    }
    let Some(node) = node.filter(|node| design.node(*node).is_some()) else {
        let _ = world.remove_attribute("data-lighting");
        return;
    };
    set(&world, "data-lighting", "true");
    let (up, down) = (
        graph::ancestors(&design.wires, node, |_| true),
        graph::descendants(&design.wires, node, |_| true),
    );
    let lit = |id: &str, way: &str| {
        if let Some(element) = element(id) {
            set(&element, "data-lit", way);
        }
    };
    up.iter().for_each(|other| lit(&node_id(*other), "up"));
    down.iter().for_each(|other| lit(&node_id(*other), "down"));
    lit(&node_id(node), "self");
    for wire in &design.wires {
        if up.contains(&wire.to.node) && up.contains(&wire.from.node) {
            lit(&wire_id(wire.id), "up");
        } else if down.contains(&wire.from.node) && down.contains(&wire.to.node) {
            lit(&wire_id(wire.id), "down");
        }
    }
}

/// Marks the handles that a wire may end on, or removes the marks.
pub fn mark_handles(surface: &NodeRef, may: Option<&dyn Fn(Handle) -> bool>) {
    let Some(surface) = surface.cast::<Element>() else {
        return;
    };
    set(
        &surface,
        "data-drawing",
        if may.is_some() { "true" } else { "false" },
    );
    let Ok(handles) = surface.query_selector_all("[data-handle]") else {
        return;
    };
    for index in 0..handles.length() {
        let Some(element) = handles
            .get(index)
            .and_then(|element| element.dyn_into::<Element>().ok())
        else {
            continue;
        };
        match (may, read_handle(&element)) {
            (Some(may), Some(handle)) => set(&element, "data-may", if may(handle) { "yes" } else { "no" }),
            _ => {
                let _ = element.remove_attribute("data-may");
            }
        }
    }
}

/// Gives the keyboard focus to an element.
pub fn focus(id: &str) {
    if let Some(element) = element(id) {
        if let Some(html) = element.dyn_ref::<HtmlElement>() {
            let _ = html.focus();
        } else if let Some(svg) = element.dyn_ref::<SvgElement>() {
            let _ = svg.focus();
        }
    }
}

/// The item of the canvas that an element represents.
pub fn target_of(element: Option<Element>) -> Target {
    const ALL: &str =
        "[data-handle],[data-grip],[data-node],[data-wire],[data-note-corner],[data-note],[data-block]";
    let Some(element) = element.and_then(|element| element.closest(ALL).ok().flatten()) else {
        return Target::Canvas;
    };
    let number = |name: &str| {
        element
            .get_attribute(name)
            .and_then(|value| value.parse::<u32>().ok())
    };
    if let Some(handle) = read_handle(&element) {
        Target::Handle(handle)
    } else if let Some(grip) = element.get_attribute("data-grip") {
        match grip
            .split_once(':')
            .map(|(wire, end)| (wire.parse(), end == "end"))
        {
            Some((Ok(wire), end)) => Target::Grip(WireId(wire), end),
            _ => Target::Canvas,
        }
    } else if let Some(node) = number("data-node") {
        Target::Node(NodeId(node))
    } else if let Some(wire) = number("data-wire") {
        Target::Wire(WireId(wire))
    } else if let Some(note) = number("data-note-corner") {
        Target::NoteCorner(note)
    } else if let Some(note) = number("data-note") {
        Target::Note(note)
    } else if let Some(block) = number("data-block") {
        Target::Block(block as usize)
    } else {
        Target::Canvas
    }
}

/// The item of the canvas at client coordinates.
pub fn target_at(client: [f64; 2]) -> Target {
    target_of(document().and_then(|document| document.element_from_point(client[0] as f32, client[1] as f32)))
}

/// The item of the canvas that has the keyboard focus.
pub fn focused() -> Target {
    target_of(document().and_then(|document| document.active_element()))
}

/// Value of the attribute that names a handle.
pub fn handle_attribute(handle: Handle) -> String {
    let side = if handle.side == Side::Input { "in" } else { "out" };
    format!("{side}:{}:{}", handle.port.node.0, handle.port.handle)
}

fn read_handle(element: &Element) -> Option<Handle> {
    let value = element.get_attribute("data-handle")?;
    let mut parts = value.split(':');
    let side = if parts.next()? == "in" {
        Side::Input
    } else {
        Side::Output
    };
    let node = NodeId(parts.next()?.parse().ok()?);
    Some(Handle {
        side,
        port: Port {
            node,
            handle: parts.next()?.parse().ok()?,
        },
    })
}
