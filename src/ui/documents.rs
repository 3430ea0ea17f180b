//! The dialog of stored documents: open, rename, copy, delete, restore.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use mtl_engine::design::edit::MAX_NAME_CHARS;

use super::{
    dialog::Dialog,
    gallery::{SheetProps, Thumbnail},
    icon::{IconKind, icon, sized_icon},
};
use crate::{
    i18n::{Lang, documents::T, faults, fill, format, use_lang},
    state::{Playground, PlaygroundRef, data, documents::Kept, storage, use_playground, use_store},
    worker::protocol::Failure,
};

/// The dialog of stored documents.
#[component]
pub fn DocumentSheet(props: &SheetProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let documents = use_store(&playground.documents);
    {
        let playground = playground.rc();
        use_effect_with((), move |()| {
            wasm_bindgen_futures::spawn_local(async move {
                playground.save_document().await;
                playground.list_documents().await;
            });
        });
    }
    let new = {
        let (this, on_close) = (playground.clone(), props.on_close.clone());
        Callback::from(move |_: MouseEvent| {
            on_close.emit(());
            this.new_document();
        })
    };
    let list = documents.list.clone().unwrap_or_default();
    let (there, deleted): (Vec<&Kept>, Vec<&Kept>) = list.iter().partition(|kept| kept.deleted_ms.is_none());
    html! {
        <Dialog title={T.title.get(lang)} on_close={props.on_close.clone()} wide=true>
            <p class="muted">{ if storage::keeps_nothing() { faults::T.embedded.get(lang) } else { T.about.get(lang) } }</p>
            <p>
                <button type="button" class="button button-primary" id="new-document" title={T.new_hint.get(lang)} onclick={new}>
                    { icon(IconKind::Plus) }{ T.new.get(lang) }
                </button>
            </p>
            if documents.list.is_some() && there.is_empty() { <p class="muted">{ T.none.get(lang) }</p> }
            <ul class="documents">
                { for there.into_iter().map(|kept| {
                    let is_open = kept.id == documents.open;
                    document(&playground, kept, is_open, &props.on_close, lang)
                }) }
            </ul>
            if !deleted.is_empty() {
                <h3>{ T.deleted.get(lang) }</h3>
                <p class="muted">{ T.deleted_about.get(lang) }</p>
                <ul class="documents-deleted">
                    { for deleted.into_iter().map(|kept| html! {
                        <li key={kept.id.clone()}>
                            <span>{ &kept.sitting.design.name }</span>
                            { act(&playground, kept, IconKind::Undo, T.restore.get(lang), fill(T.restore_named, lang, &[&kept.sitting.design.name]),
                                "restore", |this, id| this.rc().attempt(async move { this.restore_document(&id).await })) }
                        </li>
                    }) }
                </ul>
            }
        </Dialog>
    }
}

fn document(
    playground: &PlaygroundRef,
    kept: &Kept,
    is_open: bool,
    on_close: &Callback<()>,
    lang: Lang,
) -> Html {
    let design = &kept.sitting.design;
    let name = &design.name;
    let key = data::source_key(&kept.sitting.source);
    let data_name = data::info(key).map_or_else(|| key.to_owned(), |info| info.name.get(lang).to_owned());
    let about = fill(
        T.contents,
        lang,
        &[
            &design.nodes.len(),
            &data_name,
            &format::moment(kept.changed_ms, lang),
        ],
    );
    let opening = if is_open { T.is_open } else { T.open };
    let rename = {
        let (this, id) = (playground.clone(), kept.id.clone());
        Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            let (playground, id, name) = (this.rc(), id.clone(), input.value().trim().to_owned());
            this.attempt(async move { playground.rename_document(&id, &name).await });
        })
    };
    let open = {
        let (this, id, on_close) = (playground.clone(), kept.id.clone(), on_close.clone());
        Callback::from(move |_: MouseEvent| {
            on_close.emit(());
            let (playground, id) = (this.rc(), id.clone());
            if !is_open {
                this.attempt(async move { playground.open_document(&id).await });
            }
        })
    };
    html! {
        <li key={kept.id.clone()} class="document" data-document={kept.id.clone()} aria-current={is_open.then_some("true")}>
            <div class="document-picture"><Thumbnail design={design.clone()} /></div>
            <input type="text" value={name.clone()} maxlength={MAX_NAME_CHARS.to_string()} autocomplete="off" spellcheck="false"
                aria-label={fill(T.name_of, lang, &[name])} title={fill(T.name_of, lang, &[name])} onchange={rename} />
            <small class="muted">{ about }</small>
            <span class="document-actions">
                <button type="button" class="button button-small" data-action="open" aria-label={format!("{}: {name}", opening.get(lang))} title={format!("{}: {name}", opening.get(lang))} onclick={open}>
                    { opening.get(lang) }
                </button>
                { act(playground, kept, IconKind::Copy, T.duplicate.get(lang), fill(T.duplicate_named, lang, &[name]), "duplicate", {
                    |this, id| this.rc().attempt(async move {
                        this.duplicate_document(&id).await?;
                        this.list_documents().await;
                        Ok::<(), Failure>(())
                    })
                }) }
                { act(playground, kept, IconKind::Delete, T.delete.get(lang), fill(T.delete_named, lang, &[name]), "delete",
                    |this, id| this.rc().attempt(async move { this.delete_document(&id).await })) }
            </span>
        </li>
    }
}

/// A button that does something with a document.
fn act(
    playground: &PlaygroundRef,
    kept: &Kept,
    kind: IconKind,
    text: &'static str,
    label: String,
    action: &'static str,
    act: fn(Rc<Playground>, String),
) -> Html {
    let (this, id) = (playground.clone(), kept.id.clone());
    html! {
        <button type="button" class="button button-small" data-action={action} title={label.clone()} aria-label={label}
            onclick={Callback::from(move |_: MouseEvent| act(this.rc(), id.clone()))}>
            { sized_icon(kind, 15) }<span class="button-label">{ text }</span>
        </button>
    }
}
