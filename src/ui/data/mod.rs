//! The data panel: choice of data set, settings, rows, distributions.

mod report;
pub mod shares;

use mtl_base::settings::{Settings, Value};
use mtl_data::{
    dataset::{DatasetInfo, Language},
    datasets::{self, Entry, Origin},
    prepare::DataSettings,
};
use mtl_training::protocol::DataSource;
use yew::prelude::*;

use self::report::Report;
use super::form::{SettingsForm, values_of};
use crate::{
    i18n::{
        Lang, faults, fill,
        format::{bytes, count},
        panels::T,
        use_lang,
    },
    state::{
        PlaygroundRef,
        data::{DataState, Loading, Stage},
        use_playground, use_store,
    },
};

/// The data panel: choice of data set, settings, rows, distributions.
#[component]
pub fn DataPanel() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let data = use_store(&playground.data);
    html! {
        <div class="data">
            <fieldset class="data-sets" disabled={data.loading.is_some()}>
                <legend>{ T.choose_data.get(lang) }</legend>
                { choices(&data, Origin::Packaged, lang) }
                { choices(&data, Origin::Generated, lang) }
            </fieldset>
            <div aria-live="polite">{ data.loading.as_ref().map(|loading| loading_view(&playground, loading, lang)) }</div>
            <Knobs />
            if let Some(report) = &data.report {
                <Report report={report.clone()} />
            } else if data.loading.is_none() {
                <p class="hint">{ T.no_data.get(lang) }</p>
            }
        </div>
    }
}

fn choices(data: &DataState, origin: Origin, lang: Lang) -> Html {
    let title = match origin {
        Origin::Packaged => T.real_data,
        Origin::Generated => T.generated_data,
    };
    let entries = datasets::ALL.iter().filter(|entry| entry.origin == origin);
    let any_missing = data.index.is_some() && entries.clone().any(|entry| !data.is_available(entry.key));
    html! {
        <>
            <h3>{ title.get(lang) }</h3>
            { for entries.map(|entry| html! {
                <Choice key={entry.key} {entry} available={data.is_available(entry.key)} chosen={data.key() == entry.key}
                    rows={data.index.as_ref().and_then(|index| index.find(entry.key)).map(|found| (found.rows, found.bytes))} />
            }) }
            if any_missing { <p class="hint">{ T.not_fetched_hint.get(lang) }</p> }
        </>
    }
}

#[derive(Properties)]
struct ChoiceProps {
    entry: &'static Entry,
    available: bool,
    chosen: bool,
    rows: Option<(u64, u64)>,
}

impl PartialEq for ChoiceProps {
    fn eq(&self, other: &Self) -> bool {
        self.entry.key == other.entry.key
            && (self.available, self.chosen, self.rows) == (other.available, other.chosen, other.rows)
    }
}

#[component]
fn Choice(props: &ChoiceProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let key = props.entry.key;
    let info: DatasetInfo = (props.entry.info)();
    let onchange = Callback::from(move |_: Event| {
        let asked = playground.rc();
        playground.attempt(async move { asked.load_named(key).await });
    });
    let languages = match info.language {
        Language::None => String::new(),
        Language::English => "EN · ".to_owned(),
        Language::Chinese => "中文 · ".to_owned(),
        Language::Mixed => "EN/中文 · ".to_owned(),
    };
    let size = match (props.available, props.rows) {
        (false, _) => T.not_fetched.get(lang).to_owned(),
        (true, Some((n_rows, n_bytes))) => format!(
            "{languages}{} {} · {}",
            count(n_rows),
            T.rows_unit.get(lang),
            bytes(n_bytes)
        ),
        (true, None) => languages.trim_end_matches(" · ").to_owned(),
    };
    html! {
        <label class={classes!("data-choice", (!props.available).then_some("missing"))} title={info.description.get(lang).to_owned()}>
            <input type="radio" name="data-set" value={key} checked={props.chosen} disabled={!props.available} {onchange} />
            <span class="data-name">{ info.name.get(lang) }</span>
            <span class="data-size">{ size }</span>
        </label>
    }
}

fn loading_view(playground: &PlaygroundRef, loading: &Loading, lang: Lang) -> Html {
    let cancel = {
        let playground = playground.clone();
        Callback::from(move |_: MouseEvent| playground.cancel_loading())
    };
    let name = loading.name.get(lang);
    let (text, share) = match loading.stage {
        Stage::Download { received, total } => {
            let share = total
                .filter(|total| *total > 0)
                .map(|total| received as f64 / total as f64);
            let so_far = match total {
                Some(total) => format!("{} / {}", bytes(received), bytes(total)),
                None => bytes(received),
            };
            (fill(T.loading, lang, &[&name, &so_far]), share)
        }
        Stage::Prepare => (fill(T.preparing, lang, &[&name]), None),
    };
    html! {
        <div class="loading">
            <span>{ &text }</span>
            <progress aria-label={text.clone()} value={share.map(|share| share.to_string())} max="1"></progress>
            <button type="button" class="button" id="cancel-loading" title={faults::T.cancel_hint.get(lang)} onclick={cancel}>
                { faults::T.cancel.get(lang) }
            </button>
        </div>
    }
}

/// Settings of the generator and of the preparation, edited as a draft and applied together, since each change recomputes all rows.
#[component]
fn Knobs() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let data = use_store(&playground.data);
    let draft = use_state(|| (data.source.clone(), data.settings.clone()));
    {
        let draft = draft.clone();
        use_effect_with((data.source.clone(), data.settings.clone()), move |now| {
            draft.set(now.clone())
        });
    }
    let (source, settings) = &*draft;
    let changed = *source != data.source || *settings != data.settings;
    let on_knob = {
        let draft = draft.clone();
        Callback::from(move |(key, value): (&'static str, Value)| {
            let (mut source, settings) = (*draft).clone();
            if let DataSource::Generated { generator } = &mut source {
                // The form has checked the value against the same bounds.
                let _ = generator.set(key, &value);
            }
            draft.set((source, settings));
        })
    };
    let on_setting = {
        let draft = draft.clone();
        Callback::from(move |(key, value): (&'static str, Value)| {
            let (source, mut settings): (DataSource, DataSettings) = (*draft).clone();
            let _ = settings.set(key, &value);
            draft.set((source, settings));
        })
    };
    let apply = {
        let (playground, draft) = (playground.clone(), draft.clone());
        Callback::from(move |_: MouseEvent| {
            let (source, settings) = (*draft).clone();
            let asked = playground.rc();
            playground.attempt(async move { asked.load(source, settings).await });
        })
    };
    html! {
        <>
            if let DataSource::Generated { generator } = source {
                <details class="knobs" open=true>
                    <summary title={T.knobs_hint.get(lang)}>{ T.knobs.get(lang) }</summary>
                    <SettingsForm fields={generator.fields()} values={values_of(generator)} on_change={on_knob} />
                </details>
            }
            <details class="knobs">
                <summary title={T.preparation_hint.get(lang)}>{ T.preparation.get(lang) }</summary>
                <SettingsForm fields={settings.fields()} values={values_of(settings)} schema={data.schema.clone()} on_change={on_setting} />
            </details>
            if changed {
                <p class="apply-bar">
                    <button type="button" class="button button-primary" onclick={apply} disabled={data.loading.is_some()}>{ T.apply.get(lang) }</button>
                    <span class="hint">{ T.apply_hint.get(lang) }</span>
                </p>
            }
        </>
    }
}
