//! The toolbar of the canvas.

use yew::prelude::*;

use super::{
    editor::{Editor, use_editor},
    state::Popup,
};
use crate::{
    i18n::{Lang, Message, Text, canvas::T, use_lang},
    state::{use_selected, use_store},
    ui::icon::{IconKind, icon},
};

/// The toolbar of the canvas.
#[component]
pub fn Toolbar() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let locked = *use_store(&editor.canvas.locked);
    let palette_open = use_selected(&editor.canvas.popup, |popup| *popup == Some(Popup::Palette));
    let (undo, redo) = (document.undo_name(), document.redo_name());
    html! {
        <div class="canvas-bar" role="toolbar" aria-label={T.canvas_bar.get(lang)}>
            <button type="button" class="canvas-add" aria-expanded={palette_open.to_string()} disabled={locked}
                title={T.add_layer_help.get(lang)} onclick={toggle_palette(&editor, palette_open)}>
                { icon(IconKind::Plus) }<span>{ T.add_layer.get(lang) }</span>
            </button>
            <span class="bar-rule" />
            { button(IconKind::Undo, named(T.undo_named, undo, T.nothing_to_undo, lang), undo.is_none(), act(&editor, Editor::undo)) }
            { button(IconKind::Redo, named(T.redo_named, redo, T.nothing_to_redo, lang), redo.is_none(), act(&editor, Editor::redo)) }
            <span class="bar-rule" />
            { button(IconKind::Layout, T.lay_out_help.get(lang).to_owned(), locked, act(&editor, Editor::lay_out)) }
            { button(IconKind::Fit, T.fit_help.get(lang).to_owned(), false, act(&editor, Editor::fit)) }
            <ZoomButtons />
            <button type="button" class="button-icon" aria-pressed={locked.to_string()} title={T.lock_help.get(lang)}
                aria-label={T.lock.get(lang)} onclick={act(&editor, Editor::toggle_lock)}>
                { icon(IconKind::Lock) }
            </button>
            <button type="button" class="button-icon canvas-find" title={T.search_help.get(lang)} aria-label={T.search.get(lang)} disabled={locked}
                onclick={act(&editor, |editor| editor.open_search(None, super::state::Link::Free))}>
                { icon(IconKind::Search) }
            </button>
        </div>
    }
}

fn act(editor: &Editor, act: fn(&Editor)) -> Callback<MouseEvent> {
    let editor = editor.clone();
    Callback::from(move |_| act(&editor))
}

fn toggle_palette(editor: &Editor, open: bool) -> Callback<MouseEvent> {
    let editor = editor.clone();
    Callback::from(move |_| editor.canvas.popup.set((!open).then_some(Popup::Palette)))
}

fn named(template: Text, name: Option<&Message>, nothing: Text, lang: Lang) -> String {
    match name {
        Some(name) => crate::i18n::fill(template, lang, &[&name.get(lang)]),
        None => nothing.get(lang).to_owned(),
    }
}

fn button(kind: IconKind, label: String, disabled: bool, onclick: Callback<MouseEvent>) -> Html {
    html! {
        <button type="button" class="button-icon" title={label.clone()} aria-label={label} {disabled} {onclick}>
            { icon(kind) }
        </button>
    }
}

/// The zoom controls; a component of their own, because the zoom changes often.
#[component]
fn ZoomButtons() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let percent = use_selected(&editor.canvas.view, |view| (view.scale * 100.0).round() as i32);
    html! {
        <>
            { button(IconKind::Minus, T.zoom_out.get(lang).to_owned(), false, act(&editor, |editor| editor.zoom(0.8))) }
            <output class="canvas-zoom">{ format!("{percent}%") }</output>
            { button(IconKind::Plus, T.zoom_in.get(lang).to_owned(), false, act(&editor, |editor| editor.zoom(1.25))) }
        </>
    }
}
