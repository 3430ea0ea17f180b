//! Epochs, batch size, learning rate, seed, backend.

use mtl_base::settings::{Field, FieldKind, SettingType, Value};
use mtl_training::{protocol::Backend, settings as bounds};
use yew::prelude::*;

use super::changes_settings;
use crate::{
    i18n::{fill, train::T, use_lang},
    state::{use_playground, use_selected, use_store},
    ui::{elements::icon_button, form::FieldRow, icon::IconKind},
};

static EPOCHS: Field = Field::new(
    "epochs",
    [T.epochs, T.epochs_help],
    FieldKind::int(1, bounds::MAX_EPOCHS as i64, 1),
);

static BATCH_SIZE: Field = Field::new(
    "batch_size",
    [T.batch_size, T.batch_size_help],
    FieldKind::int(1, bounds::MAX_BATCH_SIZE as i64, 8),
);

static LEARNING_RATE: Field = Field::new(
    "learning_rate",
    [T.learning_rate, T.learning_rate_help],
    FieldKind::real(1e-9, bounds::MAX_LEARNING_RATE as f64, 0.001),
);

static SEED: Field = Field::new(
    "seed",
    [T.seed, T.seed_help],
    FieldKind::int(0, bounds::MAX_SEED as i64, 1),
);

static BACKEND: Field = Field::new(
    "backend",
    [T.backend, T.backend_help],
    FieldKind::Choice {
        options: Backend::OPTIONS,
    },
);

static REPRODUCIBLE: Field = Field::new(
    "reproducible",
    [T.reproducible, T.reproducible_help],
    FieldKind::Flag,
);

/// What is declared here: a script's values are held against the same bounds as those that are typed.
pub static FIELDS: [&Field; 6] = [
    &EPOCHS,
    &BATCH_SIZE,
    &LEARNING_RATE,
    &SEED,
    &BACKEND,
    &REPRODUCIBLE,
];

/// Epochs, batch size, learning rate, seed, what runs the steps and how.
#[component]
pub fn RunSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let settings = use_store(&playground.settings);
    let change = |change| changes_settings(&playground, change);
    let new_seed = {
        let this = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let seed = (js_sys::Math::random() * 1e6) as u64;
            this.settings.update(|settings| settings.seed = seed);
        })
    };
    html! {
        <section class="section form" aria-label={T.run.get(lang)}>
            <div class="form-pair">
                { part! { key = EPOCHS.key, <FieldRow field={&EPOCHS} value={Value::Int(i64::from(settings.epochs))}
                    on_change={change(|settings, value| if let Value::Int(value) = value {
                        settings.epochs = u32::try_from(*value).unwrap_or(settings.epochs);
                    })} /> } }
                { part! { key = LEARNING_RATE.key, <FieldRow field={&LEARNING_RATE} value={SettingType::to_value(&settings.learning_rate)}
                    on_change={change(|settings, value| if let Value::Real(value) = value {
                        settings.learning_rate = *value as f32;
                    })} /> } }
                { part! { key = BATCH_SIZE.key, <FieldRow field={&BATCH_SIZE} value={Value::Int(settings.batch_size as i64)}
                    on_change={change(|settings, value| if let Value::Int(value) = value {
                        settings.batch_size = usize::try_from(*value).unwrap_or(settings.batch_size);
                    })} /> } }
                { part! { key = SEED.key, <FieldRow field={&SEED} value={Value::Int(settings.seed as i64)}
                    on_change={change(|settings, value| if let Value::Int(value) = value {
                        settings.seed = u64::try_from(*value).unwrap_or(settings.seed);
                    })}>
                    { icon_button(IconKind::Dice, 18, T.new_seed.get(lang), new_seed) }
                </FieldRow> } }
            </div>
            { part! { key = BACKEND.key, <FieldRow field={&BACKEND} value={settings.backend.to_value()}
                on_change={change(|settings, value| {
                    settings.backend = Backend::from_value(value).unwrap_or(settings.backend);
                })} /> } }
            { part! { <RunsOn /> } }
            { part! { key = REPRODUCIBLE.key, <FieldRow field={&REPRODUCIBLE} value={Value::Flag(settings.reproducible)}
                on_change={change(|settings, value| settings.reproducible = *value == Value::Flag(true))} /> } }
        </section>
    }
}

/// What runs the steps, and why.
#[component]
fn RunsOn() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let runs_on = use_selected(&playground.status, |status| status.runs_on.clone());
    let (key, name) = match &runs_on.webgpu {
        Some(adapter) => ("webgpu", format!("WebGPU ({adapter})")),
        None => ("cpu", "CPU".to_owned()),
    };
    html! {
        <p class="muted small" id="runs-on" data-backend={key} role="status">
            { fill(T.runs_on, lang, &[&name]) }
            if let Some(why) = &runs_on.why {
                { "\u{a0}· " }{ why.get(lang) }
            }
        </p>
    }
}
