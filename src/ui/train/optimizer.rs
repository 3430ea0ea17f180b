//! Optimizer, schedule and clipping: forms made from what each of them declares.

use mtl_base::settings::{Field, FieldKind, Settings, Value};
use mtl_program::optimizers::OptimizerConfig;
use yew::prelude::*;

use super::{Fold, change_settings, changes_settings};
use crate::{
    i18n::{Message, train::T, use_lang},
    state::{use_playground, use_selected},
    ui::form::{FieldRow, SettingsForm, values_of},
};

static OPTIMIZER: Field = Field::new(
    "optimizer",
    [T.optimizer, T.optimizer_help],
    FieldKind::Choice {
        options: OptimizerConfig::OPTIONS,
    },
);

static LAZY_ROWS: Field = Field::new("lazy_rows", [T.lazy_rows, T.lazy_rows_help], FieldKind::Flag);

fn explain(error: mtl_base::settings::SettingError) -> Message {
    mtl_base::text::Explain::explain(&error)
}

/// Which optimizer, and its constants.
#[component]
pub fn OptimizerSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let optimizer = use_selected(&playground.settings, |settings| settings.optimizer.clone());
    let lazy_rows = use_selected(&playground.settings, |settings| settings.lazy_rows);
    let on_lazy_rows = changes_settings(&playground, |settings, value| {
        settings.lazy_rows = *value == Value::Flag(true);
    });
    let on_kind = {
        let this = playground.clone();
        Callback::from(move |value: Value| {
            if let Value::Words(key) = value
                && let Some(optimizer) = OptimizerConfig::from_key(&key)
            {
                change_settings(&this, |settings| {
                    settings.learning_rate = optimizer.default_learning_rate();
                    settings.optimizer = optimizer;
                    Ok(())
                });
            }
        })
    };
    let on_change = {
        let this = playground.clone();
        Callback::from(move |(key, value): (&'static str, Value)| {
            change_settings(&this, |settings| {
                settings.optimizer.set(key, &value).map_err(explain)
            });
        })
    };
    html! {
        <Fold title={T.optimizer.get(lang)} hint={T.optimizer_help.get(lang)} badge={AttrValue::from(optimizer.label().get(lang))} open=true>
            <div class="form">
                { part! { <FieldRow field={&OPTIMIZER} value={Value::Words(optimizer.key().to_owned())} on_change={on_kind} /> } }
                <div class="form-grid">{ part! { <SettingsForm fields={optimizer.fields()} values={values_of(&optimizer)} {on_change} /> } }</div>
                { part! { <FieldRow field={&LAZY_ROWS} value={Value::Flag(lazy_rows)} on_change={on_lazy_rows} /> } }
            </div>
        </Fold>
    }
}

/// Learning rate over time.
#[component]
pub fn ScheduleSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let schedule = use_selected(&playground.settings, |settings| settings.schedule.clone());
    let on_change = {
        let this = playground.clone();
        Callback::from(move |(key, value): (&'static str, Value)| {
            change_settings(&this, |settings| {
                settings.schedule.set(key, &value).map_err(explain)
            });
        })
    };
    html! {
        <Fold title={T.schedule.get(lang)} hint={T.schedule_help.get(lang)} badge={AttrValue::from(schedule.kind.label().get(lang))}>
            { part! { <SettingsForm fields={schedule.fields()} values={values_of(&schedule)} {on_change} /> } }
        </Fold>
    }
}

/// Bound on gradients.
#[component]
pub fn ClippingSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let clipping = use_selected(&playground.settings, |settings| settings.clipping.clone());
    let on_change = {
        let this = playground.clone();
        Callback::from(move |(key, value): (&'static str, Value)| {
            change_settings(&this, |settings| {
                settings.clipping.set(key, &value).map_err(explain)
            });
        })
    };
    html! {
        <Fold title={T.clipping.get(lang)} hint={T.clipping_help.get(lang)} badge={AttrValue::from(clipping.kind.label().get(lang))}>
            { part! { <SettingsForm fields={clipping.fields()} values={values_of(&clipping)} {on_change} /> } }
        </Fold>
    }
}
