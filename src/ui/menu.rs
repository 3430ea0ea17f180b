//! A button that opens a menu.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, Node};
use yew::prelude::*;

use super::icon::{IconKind, icon, sized_icon};

/// A menu item.
#[derive(Clone, PartialEq)]
pub struct MenuItem {
    /// Its id, for scripts and tests.
    pub id: &'static str,
    pub icon: IconKind,
    pub label: &'static str,
    /// Description, in small print.
    pub help: Option<&'static str>,
    /// Called when it is chosen.
    pub on_choose: Callback<()>,
}

/// Properties of `Menu`.
#[derive(Properties, PartialEq)]
pub struct MenuProps {
    pub label: AttrValue,
    pub icon: IconKind,
    pub items: Vec<MenuItem>,
}

/// A button that opens a menu.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let is_open = use_state_eq(|| false);
    let root = use_node_ref();
    let toggle = {
        let is_open = is_open.clone();
        Callback::from(move |_: MouseEvent| is_open.set(!*is_open))
    };
    // The first item gets the focus.
    {
        let root = root.clone();
        use_effect_with(*is_open, move |is_open| {
            if *is_open {
                focus(&root, 0);
            }
        });
    }
    let onfocusout = {
        let (is_open, root) = (is_open.clone(), root.clone());
        Callback::from(move |event: FocusEvent| {
            let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
            let stays = root.cast::<Node>().is_some_and(|root| root.contains(to.as_ref()));
            if !stays {
                is_open.set(false);
            }
        })
    };
    let onkeydown = {
        let (is_open, root, n_items) = (is_open.clone(), root.clone(), props.items.len());
        Callback::from(move |event: KeyboardEvent| {
            let now = focused_item(&root);
            match event.key().as_str() {
                "Escape" if *is_open => {
                    is_open.set(false);
                    if let Some(button) = root.cast::<Element>().and_then(|root| root.first_element_child())
                        && let Ok(button) = button.dyn_into::<HtmlElement>()
                    {
                        // The focus is lost only if the button is removed.
                        let _ = button.focus();
                    }
                }
                "ArrowDown" if *is_open => focus(&root, now.map_or(0, |now| (now + 1) % n_items)),
                "ArrowUp" if *is_open => focus(&root, now.map_or(0, |now| (now + n_items - 1) % n_items)),
                "ArrowDown" => is_open.set(true),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    html! {
        <div class="menu" ref={root} {onfocusout} {onkeydown}>
            <button type="button" class="button" aria-haspopup="menu" aria-expanded={is_open.to_string()} title={props.label.clone()}
                aria-label={props.label.clone()} onclick={toggle}>
                { icon(props.icon) }<span class="button-label">{ props.label.clone() }</span>{ sized_icon(IconKind::Down, 14) }
            </button>
            if *is_open {
                <div class="menu-list" role="menu" aria-label={props.label.clone()}>
                    { for props.items.iter().map(|item| {
                        let (is_open, on_choose) = (is_open.clone(), item.on_choose.clone());
                        let onclick = Callback::from(move |_: MouseEvent| {
                            is_open.set(false);
                            on_choose.emit(());
                        });
                        html! {
                            <button type="button" role="menuitem" class="menu-item" id={item.id} title={item.help} {onclick}>
                                { icon(item.icon) }
                                <span>{ item.label }</span>
                                if let Some(help) = item.help { <small>{ help }</small> }
                            </button>
                        }
                    }) }
                </div>
            }
        </div>
    }
}

fn items(root: &NodeRef) -> Option<web_sys::NodeList> {
    root.cast::<Element>()?.query_selector_all("[role=menuitem]").ok()
}

fn focus(root: &NodeRef, idx: usize) {
    let item = items(root)
        .and_then(|items| items.item(idx as u32))
        .and_then(|item| item.dyn_into::<HtmlElement>().ok());
    if let Some(item) = item {
        // The item may have been removed.
        let _ = item.focus();
    }
}

fn focused_item(root: &NodeRef) -> Option<usize> {
    let active: Node = web_sys::window()?.document()?.active_element()?.into();
    let items = items(root)?;
    (0..items.length())
        .find(|idx| items.item(*idx).is_some_and(|item| item == active))
        .map(|idx| idx as usize)
}
