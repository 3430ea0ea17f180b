//! The design canvas: an SVG that is rendered from the document, with the interactions of a graph editor.
//!
//! | file | holds |
//! |---|---|
//! | [`editor`] | the commands, which all input devices call |
//! | [`state`] | pan, zoom, the pending wire, overlays |
//! | [`scene`], [`face`] | geometry, and the view model of a node: pure functions, tested natively |
//! | [`surface`], [`views`] | the SVG |
//! | [`gesture`], [`keyboard`] | mouse, touch, keys |
//! | [`dom`] | direct updates of the DOM while something is dragged, without rendering |
//! | the others | toolbar, palette, search, menu, minimap, problems, comments, export of pictures |

pub mod dom;
pub mod editor;
pub mod face;
mod gesture;
pub mod hint;
mod keyboard;
mod menu;
mod minimap;
mod note_editor;
mod palette;
pub mod picture;
mod problems;
pub mod scene;
mod search;
pub mod state;
mod surface;
mod toolbar;
mod views;

use yew::prelude::*;

use self::{
    editor::use_editor, hint::HintView, menu::Menu, minimap::Minimap, note_editor::NoteEditor,
    palette::Carried, palette::Palette, problems::Problems, search::SearchBox, state::Popup,
    surface::Surface, toolbar::Toolbar,
};
use crate::{
    i18n::{canvas::T, use_lang},
    state::{use_selected, use_store},
};

/// The design canvas.
#[component]
pub fn Canvas() -> Html {
    let lang = use_lang();
    let frame = use_node_ref();
    html! {
        <div class="canvas" ref={frame.clone()}>
            <Surface {frame} />
            <Toolbar />
            <FirstSteps />
            <div class="canvas-foot"><Problems /><Minimap /></div>
            <NoteEditor />
            <HintView />
            <Carried />
            <Over />
            <Said />
            <p class="visually-hidden" id="canvas-keys">{ T.keys.get(lang) }</p>
        </div>
    }
}

/// The overlays of the canvas.
#[component]
fn Over() -> Html {
    let editor = use_editor();
    let popup = use_store(&editor.canvas.popup);
    match &*popup {
        Some(Popup::Palette) => html! { <Palette /> },
        Some(Popup::Search(search)) => html! { <SearchBox search={search.clone()} /> },
        Some(Popup::Menu { at, on }) => html! { <Menu at={*at} on={*on} /> },
        None => Html::default(),
    }
}

/// Live region that announces the last command to screen readers.
#[component]
fn Said() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let said = use_store(&editor.canvas.said);
    html! { <p class="visually-hidden" role="status" aria-live="polite">{ said.get(lang).to_owned() }</p> }
}

/// A checklist of three steps for an empty canvas.
#[component]
fn FirstSteps() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let steps = use_selected(&editor.document, |document| {
        let design = document.design();
        let has_input = design.nodes.iter().any(|node| node.layer.is_input());
        let has_layer = design
            .nodes
            .iter()
            .any(|node| !node.layer.is_input() && !node.layer.is_head());
        let has_head = design
            .heads()
            .any(|head| design.wires.iter().any(|wire| wire.to.node == head.id));
        [has_input, has_layer, has_head]
    });
    let n_nodes = use_selected(&editor.document, |document| document.design().nodes.len());
    if n_nodes > 4 || steps == [true; 3] {
        return Html::default();
    }
    let texts = [T.first_input, T.first_layer, T.first_head];
    html! {
        <div class="first-steps">
            <h3>{ T.first_steps.get(lang) }</h3>
            <ol>
                { for texts.iter().zip(steps).map(|(text, done)| html! {
                    <li data-done={done.to_string()}>{ text.get(lang) }</li>
                }) }
            </ol>
        </div>
    }
}
