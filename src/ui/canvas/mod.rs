//! The design canvas.

use yew::prelude::*;

use crate::i18n::{canvas::T, use_lang};

/// The design canvas.
#[component]
pub fn Canvas() -> Html {
    let lang = use_lang();
    html! { <div class="empty"><p>{ T.canvas.get(lang) }</p></div> }
}
