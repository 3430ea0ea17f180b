//! A slider per label: the share of its training rows that is used.

use std::{collections::BTreeMap, rc::Rc};

use mtl_base::{
    schema::Schema,
    settings::{Field, FieldKind, Value},
};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    i18n::{Message, fill, panels::T, use_lang},
    ui::form::TypedBox,
};

static PERCENT: Field = Field::new(
    "labels_used",
    [T.share_of_labels, T.share_of_labels_help],
    FieldKind::real(0.0, 100.0, 1.0),
);

/// Properties of `SharesControl`.
#[derive(Properties, PartialEq)]
pub struct SharesControlProps {
    /// Shares by label; a label without an entry has a share of 1.
    pub value: Value,
    /// All labels.
    pub schema: Option<Rc<Schema>>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Called with an accepted change, or with an error.
    pub on_value: Callback<Result<Value, Message>>,
}

/// A slider and a box per label, in per cent.
#[component]
pub fn SharesControl(props: &SharesControlProps) -> Html {
    let lang = use_lang();
    let shares = match &props.value {
        Value::Shares(shares) => shares.clone(),
        _ => BTreeMap::new(),
    };
    let labels = props.schema.iter().flat_map(|schema| &schema.labels);
    html! {
        <div class="shares">
            { for labels.map(|label| {
                let percent = shares.get(&label.key).map_or(100.0, |share| (share * 1e4).round() / 100.0);
                let set = {
                    let (key, shares, on_value) = (label.key.clone(), shares.clone(), props.on_value.clone());
                    Callback::from(move |percent: f64| {
                        let mut shares = shares.clone();
                        // A label without an entry has a share of 1.
                        match percent >= 100.0 {
                            true => shares.remove(&key),
                            false => shares.insert(key.clone(), (percent * 100.0).round() / 1e4),
                        };
                        on_value.emit(Ok(Value::Shares(shares)));
                    })
                };
                let oninput = {
                    let set = set.clone();
                    Callback::from(move |event: InputEvent| {
                        let slider: HtmlInputElement = event.target_unchecked_into();
                        set.emit(slider.value_as_number());
                    })
                };
                let on_box = {
                    let on_value = props.on_value.clone();
                    Callback::from(move |result: Result<Value, Message>| match result {
                        Ok(Value::Real(percent)) => set.emit(percent),
                        Ok(_) => {}
                        Err(message) => on_value.emit(Err(message)),
                    })
                };
                let name = fill(T.share_of_label, lang, &[&label.name.get(lang)]);
                html! {
                    <div class="share" key={label.key.clone()}>
                        <span class="share-name">{ label.name.get(lang) }</span>
                        <input type="range" min="0" max="100" step="1" value={percent.to_string()} disabled={props.disabled}
                            aria-label={name.clone()} aria-valuetext={format!("{percent} %")} {oninput} />
                        <TypedBox field={&PERCENT} value={Value::Real(percent)} label={name} on_value={on_box} />
                        <span aria-hidden="true">{ "%" }</span>
                    </div>
                }
            }) }
        </div>
    }
}
