//! The text box in which a comment is edited, over the comment itself.

use mtl_engine::design::edit::{Edit, MAX_NOTE_CHARS};
use web_sys::{HtmlTextAreaElement, KeyboardEvent};
use yew::prelude::*;

use super::editor::use_editor;
use crate::{
    i18n::{canvas::T, use_lang},
    state::use_store,
};

/// The text box, while a comment is edited.
#[component]
pub fn NoteEditor() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let writing = *use_store(&editor.canvas.writing);
    let view = *use_store(&editor.canvas.view);
    let area = use_node_ref();
    {
        let area = area.clone();
        use_effect_with(writing, move |_| {
            if let Some(area) = area.cast::<HtmlTextAreaElement>() {
                let _ = area.focus();
            }
        });
    }
    let design = editor.design();
    let Some(note) = writing.and_then(|id| design.notes.iter().find(|note| note.id == id)) else {
        return Html::default();
    };
    let id = note.id;
    let onblur = {
        let editor = editor.clone();
        Callback::from(move |event: FocusEvent| {
            let area: HtmlTextAreaElement = event.target_unchecked_into();
            editor.canvas.writing.set(None);
            let text: String = area.value().chars().take(MAX_NOTE_CHARS).collect();
            if editor
                .design()
                .notes
                .iter()
                .any(|note| note.id == id && note.text != text)
            {
                editor.edit(&Edit::WriteNote { note: id, text });
            }
        })
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        event.stop_propagation();
        if event.key() == "Escape" {
            let area: HtmlTextAreaElement = event.target_unchecked_into();
            let _ = area.blur();
        }
    });
    let [x, y] = view.to_screen(note.position);
    let style = format!(
        "left: {x}px; top: {y}px; width: {}px; height: {}px; font-size: {}px",
        f64::from(note.size[0]) * view.scale,
        f64::from(note.size[1]) * view.scale,
        13.0 * view.scale.max(0.7)
    );
    html! {
        <textarea ref={area} class="memo-editor" ~{style} aria-label={T.write_note.get(lang)}
            placeholder={T.empty_note.get(lang)} value={note.text.clone()} maxlength={MAX_NOTE_CHARS.to_string()} {onblur} {onkeydown} />
    }
}
