//! The inspector of one wire: value, start and end.

use mtl_base::text::Explain;
use mtl_engine::design::WireId;
use yew::prelude::*;

use super::node::action;
use crate::{
    i18n::{canvas::T, sentence, use_lang},
    state::use_store,
    ui::{
        canvas::{
            editor::{Editor, use_editor},
            state::Link,
        },
        elements::fact,
        icon::IconKind,
    },
};

/// Properties of `WirePanel`.
#[derive(Properties, PartialEq)]
pub struct WirePanelProps {
    pub wire: WireId,
}

/// The inspector of one wire.
#[component]
pub fn WirePanel(props: &WirePanelProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let checked = use_store(&editor.checked);
    let design = document.design();
    let Some(wire) = design.wires.iter().find(|wire| wire.id == props.wire) else {
        return Html::default();
    };
    let name = |node| design.node(node).map_or("", |node| node.name.as_str());
    let shape = checked.wires.get(&wire.id).copied().flatten();
    let insert = {
        let (editor, wire) = (editor.clone(), wire.id);
        Callback::from(move |_: MouseEvent| editor.open_search(None, Link::On(wire)))
    };
    html! {
        <div class="inspector">
            <h3>{ T.wire.get(lang) }</h3>
            <dl class="inspector-list">
                { fact(T.from.get(lang), name(wire.from.node).to_owned()) }
                { fact(T.to.get(lang), name(wire.to.node).to_owned()) }
                { fact(T.shape.get(lang), shape.map_or_else(|| "?".to_owned(), |shape| shape.to_string())) }
            </dl>
            { for checked.problems.iter().filter(|problem| problem.wire == Some(wire.id)).map(|problem| html! {
                <p class="inspector-problem">{ sentence(&problem.explain()).get(lang).to_owned() }</p>
            }) }
            <p class="muted small">{ T.wire_help.get(lang) }</p>
            <div class="inspector-actions">
                <button type="button" class="button button-small" onclick={insert}>{ T.insert_layer.get(lang) }</button>
                { action(&editor, Some(IconKind::Delete), T.delete, T.delete_hint, lang, Editor::delete_selection) }
            </div>
        </div>
    }
}
