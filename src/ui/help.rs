//! The help dialog: first steps and keyboard shortcuts.

use yew::prelude::*;

use super::dialog::Dialog;
use crate::i18n::{Text, documents, shell::T, use_lang};

/// Properties of `Help`.
#[derive(Properties, PartialEq)]
pub struct HelpProps {
    /// Called when the user closes it.
    pub on_close: Callback<()>,
}

/// The help dialog.
#[component]
pub fn HelpSheet(props: &HelpProps) -> Html {
    let lang = use_lang();
    let space = T.key_space.get(lang);
    let rows: [(&[&str], Text); 15] = [
        (&[space], T.shortcut_play),
        (&["S"], T.shortcut_step),
        (&["E"], T.shortcut_epoch),
        (&["Shift", "R"], T.shortcut_reset),
        (&["/"], T.shortcut_add),
        (&["Delete"], T.shortcut_delete),
        (&["Ctrl", "A"], T.shortcut_select_all),
        (&["Ctrl", "Z"], T.shortcut_undo),
        (&["Ctrl", "Shift", "Z"], T.shortcut_redo),
        (&["P"], T.shortcut_presets),
        (&["O"], documents::T.shortcut),
        (&["D"], T.shortcut_data),
        (&["Ctrl", "S"], T.shortcut_save),
        (&["Esc"], T.shortcut_escape),
        (&["?"], T.shortcut_help),
    ];
    html! {
        <Dialog title={T.help.get(lang)} on_close={props.on_close.clone()}>
            <p>{ T.help_first.get(lang) }</p>
            <p>{ T.help_colours.get(lang) }</p>
            <p class="muted">{ T.help_private.get(lang) }</p>
            <h3>{ T.shortcuts.get(lang) }</h3>
            <p class="muted">{ T.shortcuts_about.get(lang) }</p>
            <dl class="shortcuts">
                { for rows.iter().map(|(keys, what)| html! {
                    <>
                        <dt>{ for keys.iter().map(|key| html! { <kbd>{ *key }</kbd> }) }</dt>
                        <dd>{ what.get(lang) }</dd>
                    </>
                }) }
            </dl>
        </Dialog>
    }
}
