//! A row of tabs, moved through with the arrow keys.

use web_sys::HtmlElement;
use yew::prelude::*;

use super::icon::{IconKind, icon};

/// One tab.
#[derive(Clone, PartialEq)]
pub struct Tab<K: Clone + PartialEq + 'static> {
    pub key: K,
    pub label: &'static str,
    /// Description of its panel.
    pub hint: &'static str,
    pub icon: IconKind,
    /// Id of the panel that it opens.
    pub panel: &'static str,
}

/// A row of tabs; `open` is the one whose panel is shown.
pub fn tab_row<K: Clone + PartialEq + 'static>(
    label: &'static str,
    class: &'static str,
    tabs: &[Tab<K>],
    open: &K,
    on_open: &Callback<K>,
) -> Html {
    let open_idx = tabs.iter().position(|tab| tab.key == *open).unwrap_or(0);
    let keys = tabs.iter().map(|tab| tab.key.clone()).collect::<Vec<_>>();
    let onkeydown = {
        let on_open = on_open.clone();
        Callback::from(move |event: KeyboardEvent| {
            let n_tabs = keys.len();
            let next = match event.key().as_str() {
                "ArrowLeft" => (open_idx + n_tabs - 1) % n_tabs,
                "ArrowRight" => (open_idx + 1) % n_tabs,
                "Home" => 0,
                "End" => n_tabs - 1,
                _ => return,
            };
            event.prevent_default();
            on_open.emit(keys[next].clone());
            let row: Option<HtmlElement> = event
                .target_dyn_into::<HtmlElement>()
                .and_then(|tab| tab.parent_element())
                .and_then(|row| row.children().item(next as u32))
                .and_then(|tab| wasm_bindgen::JsCast::dyn_into(tab).ok());
            if let Some(tab) = row {
                // The focus does not move if the element has been removed.
                let _ = tab.focus();
            }
        })
    };
    html! {
        <div {class} role="tablist" aria-label={label} {onkeydown}>
            { for tabs.iter().map(|tab| {
                let is_open = tab.key == *open;
                let (on_open, key) = (on_open.clone(), tab.key.clone());
                html! {
                    <button type="button" role="tab" class="tab" id={format!("tab-{}", tab.panel)} aria-selected={is_open.to_string()} title={tab.hint}
                        aria-controls={tab.panel} tabindex={if is_open { "0" } else { "-1" }}
                        onclick={move |_| on_open.emit(key.clone())}>
                        { icon(tab.icon) }
                        <span>{ tab.label }</span>
                    </button>
                }
            }) }
        </div>
    }
}
