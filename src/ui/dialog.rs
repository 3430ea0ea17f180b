//! A modal dialog on the browser's `<dialog>` element, which traps the focus and closes on Escape.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::{elements::icon_button, icon::IconKind};
use crate::i18n::{shell::T, use_lang};

/// Properties of `Dialog`.
#[derive(Properties, PartialEq)]
pub struct DialogProps {
    pub title: AttrValue,
    /// Called when the user closes it.
    pub on_close: Callback<()>,
    pub children: Html,
    /// Whether it is wide.
    #[prop_or_default]
    pub wide: bool,
}

/// A modal dialog that is open as long as it is rendered.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let lang = use_lang();
    let element = use_node_ref();
    {
        let element = element.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = element.cast::<HtmlDialogElement>() {
                // Fails only if the dialog is already open.
                let _ = dialog.show_modal();
            }
        });
    }
    let close = {
        let on_close = props.on_close.clone();
        Callback::from(move |_: MouseEvent| on_close.emit(()))
    };
    let oncancel = {
        let on_close = props.on_close.clone();
        Callback::from(move |event: Event| {
            event.prevent_default();
            on_close.emit(());
        })
    };
    // A press on the backdrop targets the dialog itself.
    let onclick = {
        let (element, on_close) = (element.clone(), props.on_close.clone());
        Callback::from(move |event: MouseEvent| {
            let pressed = event.target().map(wasm_bindgen::JsValue::from);
            if pressed == element.get().map(wasm_bindgen::JsValue::from) {
                on_close.emit(());
            }
        })
    };
    html! {
        <dialog ref={element} class={classes!("sheet", props.wide.then_some("sheet-wide"))}
            aria-label={props.title.clone()} {oncancel} {onclick}>
            <div class="sheet-body">
                <header class="sheet-head">
                    <h2>{ props.title.clone() }</h2>
                    { icon_button(IconKind::Close, 18, T.close.get(lang), close) }
                </header>
                { props.children.clone() }
            </div>
        </dialog>
    }
}
