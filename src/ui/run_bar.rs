//! The run at a glance, always in sight: play, step, epoch, reset; how far it is; the loss of every task.

use yew::prelude::*;

use super::icon::{Icon, IconKind};
use crate::i18n::{train::T, use_lang};

/// The bar under the top bar.
#[component]
pub fn RunBar() -> Html {
    let lang = use_lang();
    html! {
        <div class="run-bar" role="group" aria-label={T.run_controls.get(lang)}>
            <button type="button" class="button button-primary button-play" disabled=true>
                <Icon kind={IconKind::Play} /><span>{ T.play.get(lang) }</span>
            </button>
        </div>
    }
}
