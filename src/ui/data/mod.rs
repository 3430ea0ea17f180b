//! The data set: choice, knobs, rows, distributions.

use yew::prelude::*;

use crate::i18n::{panels::T, use_lang};

/// The data set: choice, knobs, rows, distributions.
#[component]
pub fn DataPanel() -> Html {
    let lang = use_lang();
    html! { <div class="empty"><p>{ T.data.get(lang) }</p></div> }
}
