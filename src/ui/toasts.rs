//! Toasts: messages in a corner, announced to screen readers.

use yew::prelude::*;

use super::{
    elements::icon_button,
    icon::{IconKind, icon},
};
use crate::{
    i18n::{faults, shell::T, use_lang},
    state::{ToastAction, ToastKind, use_playground, use_store},
};

/// The toasts.
#[component]
pub fn ToastList() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let toasts = use_store(&playground.toasts);
    html! {
        <div class="toasts" role="status" aria-live="polite" aria-label={T.messages.get(lang)}>
            { for toasts.shown.iter().map(|toast| {
                let (class, kind) = match toast.kind {
                    ToastKind::Done => ("toast toast-done", IconKind::Tick),
                    ToastKind::Info | ToastKind::Progress => ("toast toast-info", IconKind::Info),
                    ToastKind::Problem => ("toast toast-problem", IconKind::Warning),
                };
                let (store, id) = (playground.toasts.clone(), toast.id);
                let action = toast.action.clone().map(|action| {
                    let store = store.clone();
                    let (class, label, run) = match action {
                        ToastAction::Retry(run) => ("toast-retry", T.try_again, run),
                        ToastAction::Cancel(run) => ("toast-cancel", faults::T.cancel, run),
                    };
                    let onclick = Callback::from(move |_: MouseEvent| {
                        store.dismiss(id);
                        run.emit(());
                    });
                    html! { <button type="button" class={classes!("button", "button-small", class)} {onclick}>{ label.get(lang) }</button> }
                });
                html! {
                    <div key={toast.id} {class} role={(toast.kind == ToastKind::Problem).then_some("alert")}>
                        { icon(kind) }
                        <p>{ toast.message.get(lang) }</p>
                        { for action }
                        { icon_button(IconKind::Close, 16, T.dismiss.get(lang), Callback::from(move |_| store.dismiss(id))) }
                    </div>
                }
            }) }
        </div>
    }
}
