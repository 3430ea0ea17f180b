//! Settings of the selected layer.

use yew::prelude::*;

use crate::i18n::{canvas::T, use_lang};

/// Settings of the selected layer.
#[component]
pub fn Inspector() -> Html {
    let lang = use_lang();
    html! { <div class="empty"><p>{ T.nothing_selected.get(lang) }</p></div> }
}
