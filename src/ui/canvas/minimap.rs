//! The minimap: all nodes, and a frame around the visible part. A press or a drag moves the view.

use std::collections::BTreeMap;
use std::rc::Rc;

use web_sys::PointerEvent;
use yew::prelude::*;

use super::{
    dom,
    editor::{Editor, use_editor},
    scene::{Rect, Scene},
};
use crate::{
    i18n::{canvas::T, use_lang},
    state::{task_color, use_store},
};

/// The minimap.
#[component]
pub fn Minimap() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let checked = use_store(&editor.checked);
    let scene = use_memo(document, |document| Scene::new(document.design()));
    let Some(bounds) = scene.bounds().map(|bounds| bounds.grown(60.0)) else {
        return Html::default();
    };
    let nodes = small_nodes(&scene, &checked);
    let held = {
        let editor = editor.clone();
        Callback::from(move |event: PointerEvent| {
            if event.buttons() & 1 == 1 {
                event.stop_propagation();
                go_there(&editor, &event, bounds);
            }
        })
    };
    let down = {
        let held = held.clone();
        Callback::from(move |event: PointerEvent| {
            if let Some(map) = dom::pressed(&event, ".minimap") {
                let _ = map.set_pointer_capture(event.pointer_id());
            }
            held.emit(event);
        })
    };
    html! {
        <svg class="minimap" viewBox={format!("{} {} {} {}", bounds.x, bounds.y, bounds.width, bounds.height)}
            role="img" aria-label={T.minimap.get(lang)} onpointerdown={down} onpointermove={held}>
            { nodes }
            { for (0..scene.blocks.len()).filter(|index| scene.blocks[*index].folded).filter_map(|index| {
                let rect = scene.block(index, &BTreeMap::new())?;
                Some(html! {
                    <rect x={rect.x.to_string()} y={rect.y.to_string()} width={rect.width.to_string()} height={rect.height.to_string()} rx="12" />
                })
            }) }
            <Seen {bounds} />
        </svg>
    }
}

fn small_nodes(scene: &Rc<Scene>, checked: &Rc<mtl_engine::design::check::Checked>) -> Html {
    scene
        .nodes
        .iter()
        .filter(|(node, _)| scene.folded_in(**node).is_none())
        .map(|(node, rect)| {
            let tasks = checked.nodes.get(node).map(|report| report.tasks).unwrap_or_default();
            let own = (tasks.len() == 1).then(|| tasks.iter().next()).flatten();
            html! {
                <rect x={rect.x.to_string()} y={rect.y.to_string()} width={rect.width.to_string()} height={rect.height.to_string()}
                    rx="12" data-idle={tasks.is_empty().then_some("true")} ~style={own.map(|task_idx| format!("fill: {}", task_color(task_idx))).unwrap_or_default()} />
            }
        })
        .collect()
}

/// Centres the view on the pressed point.
fn go_there(editor: &Editor, event: &PointerEvent, bounds: Rect) {
    let Some(map) = dom::pressed(event, ".minimap") else {
        return;
    };
    let rect = map.get_bounding_client_rect();
    let scale = (rect.width() / f64::from(bounds.width)).min(rect.height() / f64::from(bounds.height));
    let [middle_x, middle_y] = bounds.middle();
    let x = f64::from(middle_x) + (f64::from(event.client_x()) - rect.left() - rect.width() / 2.0) / scale;
    let y = f64::from(middle_y) + (f64::from(event.client_y()) - rect.top() - rect.height() / 2.0) / scale;
    let [width, height] = dom::surface_size(&editor.canvas.surface);
    editor.canvas.view.update(|view| {
        view.x = width / 2.0 - x * view.scale;
        view.y = height / 2.0 - y * view.scale;
    });
}

#[derive(Properties, PartialEq)]
struct SeenProps {
    bounds: Rect,
}

/// The frame around the visible part.
#[component]
fn Seen(props: &SeenProps) -> Html {
    let editor = use_editor();
    let view = *use_store(&editor.canvas.view);
    let [width, height] = dom::surface_size(&editor.canvas.surface);
    let seen = Rect::between(view.to_design([0.0, 0.0]), view.to_design([width, height]));
    let bounds = props.bounds;
    // The frame is clamped to the map.
    let (left, top) = (seen.x.max(bounds.x), seen.y.max(bounds.y));
    let (right, bottom) = (
        seen.right().min(bounds.right()),
        seen.bottom().min(bounds.bottom()),
    );
    html! {
        <rect class="minimap-seen" x={left.to_string()} y={top.to_string()} width={(right - left).max(0.0).to_string()}
            height={(bottom - top).max(0.0).to_string()} />
    }
}
