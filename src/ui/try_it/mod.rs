//! Predictions for a typed example.

use yew::prelude::*;

use crate::i18n::{panels::T, use_lang};

/// Predictions for a typed example.
#[component]
pub fn TryPanel() -> Html {
    let lang = use_lang();
    html! { <div class="empty"><p>{ T.try_it.get(lang) }</p></div> }
}
