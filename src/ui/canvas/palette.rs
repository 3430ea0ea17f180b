//! The palette of layers: a click adds one in the middle of the view, a drag where it is dropped. Blocks of the document
//! are listed too, to be reused.

use std::rc::Rc;

use mtl_engine::layers::{Category, Layer};
use web_sys::PointerEvent;
use yew::prelude::*;

use super::{
    dom,
    editor::{Editor, use_editor},
    scene::{NODE_HEIGHT, NODE_WIDTH},
    state::{Link, Target},
};
use crate::{
    i18n::{canvas::T, fill, use_lang},
    state::use_store,
    ui::{elements::icon_button, icon::IconKind},
};

/// The palette of layers.
#[component]
pub fn Palette() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let layers = Layer::all();
    let close = {
        let editor = editor.clone();
        Callback::from(move |_: MouseEvent| editor.canvas.popup.set(None))
    };
    let note = {
        let editor = editor.clone();
        Callback::from(move |_: MouseEvent| editor.add_note(None))
    };
    let blocks = &document.design().blocks;
    html! {
        <div class="canvas-palette" role="group" aria-label={T.layers.get(lang)}>
            <header>
                <h3>{ T.layers.get(lang) }</h3>
                { icon_button(IconKind::Close, 16, T.close_palette.get(lang), close) }
            </header>
            <p class="muted">{ T.palette_help.get(lang) }</p>
            { for Category::ALL.into_iter().map(|category| {
                let mut members = layers.iter().filter(|layer| layer.category() == category).peekable();
                if members.peek().is_none() {
                    return Html::default();
                }
                html! {
                    <section key={category.key()}>
                        <h4>{ category.label().get(lang) }</h4>
                        <div class="palette-items">
                            { for members.map(|layer| html! { <PaletteItem key={layer.key()} layer_key={layer.key()} /> }) }
                        </div>
                    </section>
                }
            }) }
            if !blocks.is_empty() {
                <section>
                    <h4>{ T.blocks.get(lang) }</h4>
                    <div class="palette-items">
                        { for blocks.iter().map(|block| {
                            let (editor, nodes) = (editor.clone(), block.nodes.clone());
                            html! {
                                <button type="button" class="palette-item" title={fill(T.copy_block, lang, &[&block.name])}
                                    onclick={move |_| editor.duplicate_nodes(&nodes)}>{ block.name.clone() }</button>
                            }
                        }) }
                    </div>
                </section>
            }
            <section>
                <h4>{ T.other.get(lang) }</h4>
                <div class="palette-items">
                    <button type="button" class="palette-item" title={T.note_hint.get(lang)} onclick={note}>{ T.add_note.get(lang) }</button>
                </div>
            </section>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct PaletteItemProps {
    layer_key: &'static str,
}

#[component]
fn PaletteItem(props: &PaletteItemProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let pressed = use_mut_ref(|| None::<[f64; 2]>);
    let dropped = use_mut_ref(|| false);
    let key = props.layer_key;
    let Some(layer) = Layer::from_key(key) else {
        return Html::default();
    };
    let onpointerdown = {
        let (pressed, dropped) = (Rc::clone(&pressed), Rc::clone(&dropped));
        Callback::from(move |event: PointerEvent| {
            if event.button() == 0 {
                *dropped.borrow_mut() = false;
                *pressed.borrow_mut() = Some([f64::from(event.client_x()), f64::from(event.client_y())]);
                if let Some(item) = dom::pressed(&event, ".palette-item") {
                    let _ = item.set_pointer_capture(event.pointer_id());
                }
            }
        })
    };
    let onpointermove = {
        let (pressed, editor) = (Rc::clone(&pressed), editor.clone());
        Callback::from(move |event: PointerEvent| {
            let client = [f64::from(event.client_x()), f64::from(event.client_y())];
            let is_drag = pressed
                .borrow()
                .is_some_and(|[x, y]| (client[0] - x).abs() + (client[1] - y).abs() > 4.0);
            if is_drag || editor.canvas.carried.get().is_some() {
                editor
                    .canvas
                    .carried
                    .set(Some((key, dom::on_surface(&editor.canvas.surface, client))));
            }
        })
    };
    let onpointerup = {
        let (pressed, dropped) = (Rc::clone(&pressed), Rc::clone(&dropped));
        let (editor, layer) = (editor.clone(), layer.clone());
        Callback::from(move |event: PointerEvent| {
            *pressed.borrow_mut() = None;
            if editor.canvas.carried.get().is_some() {
                *dropped.borrow_mut() = true;
                editor.canvas.carried.set(None);
                drop_layer(
                    &editor,
                    &layer,
                    [f64::from(event.client_x()), f64::from(event.client_y())],
                );
            }
        })
    };
    let onpointercancel = {
        let (pressed, editor) = (pressed, editor.clone());
        Callback::from(move |_: PointerEvent| {
            *pressed.borrow_mut() = None;
            editor.canvas.carried.set(None);
        })
    };
    // Mouse, touch and Enter all cause a click event; so does the end of a drag, whose pointer the item has captured.
    let onclick = {
        let (editor, layer) = (editor.clone(), layer.clone());
        Callback::from(move |_: MouseEvent| {
            if dropped.take() {
                return;
            }
            let link = match editor.selection.get().single() {
                Some(node) => after(&editor, node),
                None => Link::Free,
            };
            editor
                .add_layer(&layer, None, link)
                .or_else(|| editor.add_layer(&layer, None, Link::Free));
        })
    };
    html! {
        <button type="button" class="palette-item" data-category={layer.category().key()} title={layer.about().get(lang)}
            {onpointerdown} {onpointermove} {onpointerup} {onpointercancel} {onclick}>
            { layer.name().get(lang) }
        </button>
    }
}

/// With one node selected, the new layer is connected behind it.
fn after(editor: &Editor, node: mtl_base::NodeId) -> Link {
    let has_output = editor
        .design()
        .node(node)
        .is_some_and(|node| !node.layer.outputs().is_empty());
    if has_output {
        let port = mtl_engine::design::Port { node, handle: 0 };
        Link::With(super::state::Handle {
            side: super::scene::Side::Output,
            port,
        })
    } else {
        Link::Free
    }
}

fn drop_layer(editor: &Editor, layer: &Layer, client: [f64; 2]) {
    let target = dom::target_at(client);
    let [x, y] = dom::on_surface(&editor.canvas.surface, client);
    let [width, height] = dom::surface_size(&editor.canvas.surface);
    if x < 0.0 || y < 0.0 || x > width || y > height {
        return;
    }
    let [x, y] = editor.canvas.view.get().to_design([x, y]);
    let place = [x - NODE_WIDTH / 2.0, y - NODE_HEIGHT / 2.0];
    let link = match target {
        Target::Wire(wire) => Link::On(wire),
        _ => Link::Free,
    };
    editor.add_layer(layer, Some(place), link);
}

/// Preview of the layer that is being dragged from the palette.
#[component]
pub fn Carried() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let carried = use_store(&editor.canvas.carried);
    let Some((key, [x, y])) = *carried else {
        return Html::default();
    };
    let name = Layer::from_key(key).map_or("", |layer| layer.name().get(lang));
    html! { <div class="carried" ~style={format!("left: {x}px; top: {y}px")}>{ name }</div> }
}
