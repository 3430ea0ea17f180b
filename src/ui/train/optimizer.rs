//! Optimizer, schedule and clipping.

use mtl_base::settings::{SettingType, Value, find};
use mtl_training::protocol::RunSettings;
use yew::prelude::*;

use super::{
    Fold, change_settings,
    fields::{Groups, RunField, RunGroup},
};
use crate::{
    i18n::{Lang, use_lang},
    state::{use_playground, use_selected},
    ui::form::FieldRow,
};

/// The optimizer and its constants.
#[component]
pub fn OptimizerSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let optimizer = use_selected(&playground.settings, |settings| settings.optimizer.clone());
    let Ok(field) = find(RunSettings::FIELDS, "optimizer") else {
        return Html::default();
    };
    let on_change = {
        let this = playground.clone();
        Callback::from(move |value: Value| {
            if let Value::Words(key) = value {
                change_settings(&this, |settings| {
                    settings.choose_optimizer(&key);
                });
            }
        })
    };
    html! {
        <Fold title={field.label.get(lang)} hint={field.help.get(lang)} badge={AttrValue::from(optimizer.label().get(lang))} open=true>
            <div class="form">
                <FieldRow {field} value={optimizer.to_value()} {on_change} />
                <div class="form-grid"><RunGroup groups={Groups(&["optimizer"])} /></div>
                <RunField name="lazy_rows" />
            </div>
        </Fold>
    }
}

/// Learning rate over time.
#[component]
pub fn ScheduleSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let kind = use_selected(&playground.settings, |settings| settings.schedule.kind);
    group_section(
        "schedule",
        Groups(&["schedule"]),
        kind.label().get(lang).into(),
        lang,
    )
}

/// Gradient clipping.
#[component]
pub fn ClippingSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let kind = use_selected(&playground.settings, |settings| settings.clipping.kind);
    group_section(
        "clipping",
        Groups(&["clipping"]),
        kind.label().get(lang).into(),
        lang,
    )
}

/// A folded section with the whole form of a group.
fn group_section(key: &str, groups: Groups, badge: AttrValue, lang: Lang) -> Html {
    let Ok(field) = find(RunSettings::FIELDS, key) else {
        return Html::default();
    };
    html! {
        <Fold title={field.label.get(lang)} hint={field.help.get(lang)} {badge}>
            <RunGroup {groups} />
        </Fold>
    }
}
