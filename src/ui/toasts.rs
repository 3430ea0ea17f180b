//! Toasts: messages in a corner, announced to screen readers.

use yew::prelude::*;

use super::{
    elements::icon_button,
    icon::{IconKind, icon},
};
use crate::{
    i18n::{shell::T, use_lang},
    state::{ToastKind, use_playground, use_store},
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
                    ToastKind::Info => ("toast toast-info", IconKind::Info),
                    ToastKind::Problem => ("toast toast-problem", IconKind::Warning),
                };
                let (store, id) = (playground.toasts.clone(), toast.id);
                let retry = toast.retry.clone().map(|retry| {
                    let store = store.clone();
                    Callback::from(move |_: MouseEvent| {
                        store.dismiss(id);
                        retry.emit(());
                    })
                });
                html! {
                    <div key={toast.id} {class} role={(toast.kind == ToastKind::Problem).then_some("alert")}>
                        { icon(kind) }
                        <p>{ toast.message.get(lang) }</p>
                        if let Some(save) = toast.save.clone() {
                            <button type="button" class="button button-small toast-save" onclick={move |_| save.emit(())}>{ T.save_as_file.get(lang) }</button>
                        }
                        if let Some(onclick) = retry {
                            <button type="button" class="button button-small toast-retry" {onclick}>{ T.try_again.get(lang) }</button>
                        }
                        { icon_button(IconKind::Close, 16, T.dismiss.get(lang), Callback::from(move |_| store.dismiss(id))) }
                    </div>
                }
            }) }
        </div>
    }
}
