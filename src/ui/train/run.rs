//! Epochs, batch size, learning rate, seed, backend.

use yew::prelude::*;

use super::{change_settings, fields::RunField};
use crate::{
    i18n::{fill, sentence, train::T, use_lang},
    state::{use_playground, use_selected},
    ui::{elements::icon_button, icon::IconKind},
};

/// Epochs, batch size, learning rate, seed, backend.
#[component]
pub fn RunSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let new_seed = Callback::from(move |_: MouseEvent| {
        let seed = (js_sys::Math::random() * 1e6) as u64;
        change_settings(&playground, |settings| settings.seed = seed);
    });
    html! {
        <section class="section form" aria-label={T.run.get(lang)}>
            <div class="form-pair">
                <RunField key="epochs" name="epochs" />
                <RunField key="learning_rate" name="learning_rate" />
                <RunField key="batch_size" name="batch_size" />
                <RunField key="seed" name="seed">{ icon_button(IconKind::Dice, 18, T.new_seed.get(lang), new_seed) }</RunField>
            </div>
            <RunField key="backend" name="backend" />
            <RunsOn />
            <RunField key="reproducible" name="reproducible" />
        </section>
    }
}

/// The backend in use, and the reason.
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
                { "\u{a0}· " }{ sentence(why).get(lang).to_owned() }
            }
        </p>
    }
}
