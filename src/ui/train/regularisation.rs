//! One value for every layer that has the setting: dropout rate, L1, L2.

use mtl_base::settings::{Settings, Value, find};
use mtl_engine::design::{Design, edit::Edit};
use yew::prelude::*;

use super::Fold;
use crate::{
    i18n::{Text, train::T, use_lang},
    state::{use_playground, use_store},
    ui::form::FieldRow,
};

/// The values of setting `key` over the layers that have it.
fn values(design: &Design, key: &str) -> Vec<f64> {
    design
        .nodes
        .iter()
        .filter_map(|node| match node.layer.get(key) {
            Some(Value::Real(value)) => Some(value),
            _ => None,
        })
        .collect()
}

/// One value for every layer that has the setting.
#[component]
pub fn RegularisationSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let document = use_store(&playground.document);
    let design = document.design();
    let row = |key: &'static str, [label, help]: [Text; 2]| {
        let mut fields = design
            .nodes
            .iter()
            .filter_map(|node| find(node.layer.fields(), key).ok());
        let field = fields.next()?;
        let values = values(design, key);
        let first = *values.first()?;
        let differs = values.iter().any(|value| *value != first);
        let this = playground.clone();
        let on_change = Callback::from(move |value: Value| {
            let document = this.document.get();
            let edits = document
                .design()
                .nodes
                .iter()
                .filter(|node| matches!(node.layer.get(key), Some(Value::Real(_))))
                .map(|node| Edit::SetSetting {
                    node: node.id,
                    key: key.to_owned(),
                    value: value.clone(),
                })
                .collect::<Vec<_>>();
            let name = crate::i18n::Message::new(
                T.set_everywhere.en.replace("{0}", label.en),
                T.set_everywhere.zh.replace("{0}", label.zh),
            );
            if let Err(message) = this.edit_all(name, &edits) {
                this.show_problem(message);
            }
        });
        let badge = differs.then(|| AttrValue::from(T.differs.get(lang)));
        Some(
            html! { <FieldRow key={key} {field} texts={[label, help]} value={Value::Real(first)} {badge} {on_change} /> },
        )
    };
    let rows = [
        row("rate", [T.dropout_all, T.dropout_all_help]),
        row("l1", [T.l1_all, T.l1_all_help]),
        row("l2", [T.l2_all, T.l2_all_help]),
    ];
    if rows.iter().all(Option::is_none) {
        return Html::default();
    }
    let in_use = values(design, "l1")
        .iter()
        .chain(&values(design, "l2"))
        .any(|value| *value > 0.0);
    html! {
        <Fold title={T.regularisation.get(lang)} hint={T.regularisation_help.get(lang)} badge={in_use.then(|| AttrValue::from(T.in_use.get(lang)))}>
            <div class="form">
                <p class="muted small">{ T.regularisation_help.get(lang) }</p>
                { for rows.into_iter().flatten() }
            </div>
        </Fold>
    }
}
