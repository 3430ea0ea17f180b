//! Charts and tables of the run.

use yew::prelude::*;

use crate::i18n::{panels::T, use_lang};

/// Charts and tables of the run.
#[component]
pub fn WatchPanel() -> Html {
    let lang = use_lang();
    html! { <div class="empty"><p>{ T.watch.get(lang) }</p></div> }
}
