//! The panel for predictions: an example, the predictions of every task, and attributions of the words.

mod answer;

use std::collections::BTreeMap;

use gloo_timers::callback::Timeout;
use mtl_base::{
    schema::{FeatureKind, FeatureSchema},
    text::Message,
};
use mtl_training::protocol::{Phase, PredictInput, Reply, Request, Split};
use web_sys::{HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::{
    i18n::{Lang, faults, fill, panels::T, use_lang},
    state::{use_playground, use_selected, use_store},
};
use answer::{Answer, AnswerView};

/// Time without a key press before a prediction is requested, in milliseconds.
const QUIET_MS: u32 = 120;
/// Interval at which predictions are requested again during training, in milliseconds.
const AGAIN_MS: u32 = 700;
/// Longest text; a longer one is truncated.
const MAX_CHARS: usize = 4_000;

/// The panel for predictions.
#[component]
pub fn TryPanel() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let data = use_store(&playground.data);
    let can_predict = use_selected(&playground.status, |status| status.steps_per_epoch > 0);
    let running = use_selected(&playground.status, |status| status.phase == Phase::Running);
    let step = use_selected(&playground.status, |status| status.step);
    // The status changes with the phase of the run; the steps in between come with the reports.
    let is_trained = step > 0 || !playground.history.borrow().is_empty();
    let can_train = use_selected(&playground.model, |model| model.resources.is_some());
    let input = use_state_eq(PredictInput::default);
    let answer = use_state_eq(|| None::<Result<Answer, Message>>);
    // What was typed and is refused, by feature.
    let refused = use_state_eq(Refused::new);

    // The example of another data set has other features.
    {
        let (input, answer, refused) = (input.clone(), answer.clone(), refused.clone());
        use_effect_with(data.schema.features.clone(), move |features| {
            answer.set(None);
            refused.set(Refused::new());
            input.set(neutral_input(features));
        });
    }

    // Requested a moment after the last key press; a reply that is older than the latest request is dropped.
    let asked = use_mut_ref(|| 0_u32);
    let ask = {
        let (playground, answer, asked) = (playground.clone(), answer.clone(), asked.clone());
        move |input: PredictInput| {
            *asked.borrow_mut() += 1;
            let question = *asked.borrow();
            let (playground, answer, asked) = (playground.clone(), answer.clone(), asked.clone());
            wasm_bindgen_futures::spawn_local(async move {
                let reply = playground.ask(Request::Predict { input: input.clone() }).await;
                if *asked.borrow() != question {
                    return;
                }
                answer.set(Some(match reply {
                    Ok(Reply::Prediction { tasks, tokens }) => Ok(Answer { input, tasks, tokens }),
                    Ok(_) => return,
                    Err(message) => Err(message),
                }));
            });
        }
    };
    {
        let ask = ask.clone();
        let key = ((*input).clone(), can_predict, running, step, can_train);
        use_effect_with(key, move |(input, can_predict, ..)| {
            let timer = (*can_predict && !is_empty(input)).then(|| {
                let input = input.clone();
                Timeout::new(QUIET_MS, move || ask(input))
            });
            move || drop(timer)
        });
    }
    {
        let key = ((*input).clone(), running);
        use_effect_with(key, move |(input, running)| {
            let timer = (*running && !is_empty(input)).then(|| {
                let input = input.clone();
                gloo_timers::callback::Interval::new(AGAIN_MS, move || ask(input.clone()))
            });
            move || drop(timer)
        });
    }

    let on_random = {
        let (playground, input, refused) = (playground.clone(), input.clone(), refused.clone());
        let seed = use_mut_ref(|| 0_u64);
        Callback::from(move |_: MouseEvent| {
            *seed.borrow_mut() += 1;
            let request = Request::Rows {
                split: Split::Validation,
                n: 1,
                seed: *seed.borrow(),
            };
            let (playground, input, refused) = (playground.clone(), input.clone(), refused.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match playground.ask(request).await {
                    Ok(Reply::Rows { inputs, .. }) => {
                        if let Some(row) = inputs.into_iter().next() {
                            refused.set(Refused::new());
                            input.set(row);
                        }
                    }
                    Ok(_) => {}
                    Err(message) => playground.show_problem(message),
                }
            });
        })
    };
    if data.schema.features.is_empty() {
        return html! { <p class="hint try">{ T.try_no_data.get(lang) }</p> };
    }
    html! {
        <div class="try">
            <p class="try-bar">
                <button type="button" class="button" onclick={on_random} title={T.random_row_hint.get(lang)}>{ T.random_row.get(lang) }</button>
            </p>
            { for data.schema.features.iter().map(|feature| feature_field(feature, &input, &refused, lang)) }
            if !can_predict {
                <p class="hint">{ T.try_no_model.get(lang) }</p>
            } else if is_empty(&input) {
                <p class="hint">{ T.try_empty.get(lang) }</p>
            }
            <div aria-live="polite">
                { match &*answer {
                    // The answer is not that of an example with a refused value.
                    _ if !refused.is_empty() => html! {},
                    Some(Ok(answer)) if !is_empty(&input) => html! {
                        <AnswerView answer={answer.clone()} {is_trained} is_outdated={answer.input != *input} />
                    },
                    Some(Err(message)) => html! { <p class="problem" role="alert">{ message.get(lang) }</p> },
                    _ => html! {},
                } }
            </div>
        </div>
    }
}

/// An empty example.
fn neutral_input(features: &[FeatureSchema]) -> PredictInput {
    let mut neutral = PredictInput::default();
    for feature in features {
        let key = feature.key.clone();
        match feature.kind {
            FeatureKind::Tokens { .. } => {
                neutral.text.insert(key, String::new());
            }
            FeatureKind::Id { .. } => {
                neutral.ids.insert(key, 0);
            }
            FeatureKind::Dense { width } => {
                neutral.dense.insert(key, vec![0.0; width]);
            }
        }
    }
    neutral
}

/// Whether all texts are empty. Ids and numbers are never empty.
fn is_empty(input: &PredictInput) -> bool {
    input.ids.is_empty() && input.dense.is_empty() && input.text.values().all(|text| text.trim().is_empty())
}

/// Texts that were typed and are refused, by feature.
type Refused = BTreeMap<String, String>;

/// The control for one feature.
fn feature_field(
    feature: &FeatureSchema,
    input: &UseStateHandle<PredictInput>,
    refused: &UseStateHandle<Refused>,
    lang: Lang,
) -> Html {
    let key = feature.key.clone();
    let change = {
        let (input, refused, key) = (input.clone(), refused.clone(), key.clone());
        move |typed: String, edit: Option<&dyn Fn(&mut PredictInput)>| {
            let mut others = (*refused).clone();
            match edit {
                Some(edit) => {
                    let mut changed = (*input).clone();
                    edit(&mut changed);
                    input.set(changed);
                    others.remove(&key);
                }
                None => drop(others.insert(key.clone(), typed)),
            }
            refused.set(others);
        }
    };
    let refused = refused.get(&key).cloned();
    let hint = |hint: String, problem: &dyn Fn(&str) -> String| match &refused {
        None => html! { <p class="hint">{ hint }</p> },
        Some(typed) => html! { <p class="problem" role="alert">{ problem(typed) }</p> },
    };
    let invalid = refused.is_some().then_some("true");
    let id = format!("try-{key}");
    match feature.kind {
        FeatureKind::Tokens { length, .. } => {
            let text = value_of(&input.text, &key);
            let oninput = move |event: InputEvent| {
                let area: HtmlTextAreaElement = event.target_unchecked_into();
                let typed: String = area.value().chars().take(MAX_CHARS).collect();
                let edit = |input: &mut PredictInput| {
                    input.text.insert(key.clone(), typed.clone());
                };
                change(String::new(), Some(&edit));
            };
            html! {
                <div class="field">
                    <label for={id.clone()}>{ feature.name.get(lang) }</label>
                    <textarea {id} title={fill(T.try_tokens, lang, &[&length])} rows="3" value={text} {oninput} placeholder={T.try_placeholder.get(lang)} />
                    <p class="hint">{ fill(T.try_tokens, lang, &[&length]) }</p>
                </div>
            }
        }
        FeatureKind::Id { cardinality } => {
            let value = refused
                .clone()
                .unwrap_or_else(|| value_of(&input.ids, &key).to_string());
            let last = cardinality.saturating_sub(1);
            let oninput = move |event: InputEvent| {
                let field: HtmlInputElement = event.target_unchecked_into();
                let id = field
                    .value()
                    .parse::<u32>()
                    .ok()
                    .filter(|id| *id as usize <= last);
                let edit = |input: &mut PredictInput| {
                    input.ids.insert(key.clone(), id.unwrap_or_default());
                };
                change(field.value(), id.is_some().then_some(&edit as _));
            };
            html! {
                <div class="field">
                    <label for={id.clone()}>{ feature.name.get(lang) }</label>
                    <input type="number" {id} title={fill(T.try_id, lang, &[&last])} min="0" max={last.to_string()} step="1" {value} {oninput} aria-invalid={invalid} />
                    { hint(fill(T.try_id, lang, &[&last]), &|typed| fill(faults::T.try_id_refused, lang, &[&last, &typed])) }
                </div>
            }
        }
        FeatureKind::Dense { width } => {
            let numbers = value_of(&input.dense, &key);
            let text = numbers.iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
            let text = refused.clone().unwrap_or(text);
            let onchange = move |event: Event| {
                let field: HtmlInputElement = event.target_unchecked_into();
                let typed: Option<Vec<f32>> = field
                    .value()
                    .split([',', '，'])
                    .map(|item| {
                        item.trim()
                            .parse::<f32>()
                            .ok()
                            .filter(|number| number.is_finite())
                    })
                    .collect();
                let numbers = typed.filter(|typed| typed.len() == width);
                let edit = |input: &mut PredictInput| {
                    input
                        .dense
                        .insert(key.clone(), numbers.clone().unwrap_or_default());
                };
                change(field.value(), numbers.is_some().then_some(&edit as _));
            };
            html! {
                <div class="field">
                    <label for={id.clone()}>{ feature.name.get(lang) }</label>
                    <input type="text" {id} title={fill(T.try_numbers, lang, &[&width])} value={text} {onchange} aria-invalid={invalid} />
                    { hint(fill(T.try_numbers, lang, &[&width]), &|typed| fill(faults::T.try_numbers_refused, lang, &[&width, &typed])) }
                </div>
            }
        }
    }
}

fn value_of<V: Clone + Default>(values: &BTreeMap<String, V>, key: &str) -> V {
    values.get(key).cloned().unwrap_or_default()
}
