//! A sheet over the page, on the browser's own dialog element: it keeps the focus, and Escape closes it.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::{elements::icon_button, icon::IconKind};
use crate::i18n::{shell::T, use_lang};

/// What a sheet is told.
#[derive(Properties, PartialEq)]
pub struct DialogProps {
    /// Heading.
    pub title: AttrValue,
    /// Closed by a person.
    pub on_close: Callback<()>,
    /// What is in it.
    pub children: Html,
    /// Takes more room.
    #[prop_or_default]
    pub wide: bool,
}

/// A sheet that is open as long as it is drawn.
#[component]
pub fn Dialog(props: &DialogProps) -> Html {
    let lang = use_lang();
    let element = use_node_ref();
    {
        let element = element.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = element.cast::<HtmlDialogElement>() {
                // It is not open yet, the one reason for which this fails.
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
    // A press on the backdrop has the dialog itself as its target.
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
