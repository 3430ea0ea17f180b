//! Settings of the run.

use yew::prelude::*;

use crate::i18n::{train::T, use_lang};

/// Settings of the run.
#[component]
pub fn TrainPanel() -> Html {
    let lang = use_lang();
    html! { <div class="empty"><p>{ T.run.get(lang) }</p></div> }
}
