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
    i18n::{Lang, fill, panels::T, use_lang},
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

    // The example of another data set has other features.
    {
        let (input, answer) = (input.clone(), answer.clone());
        use_effect_with(data.schema.features.clone(), move |features| {
            answer.set(None);
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
        let (playground, input) = (playground.clone(), input.clone());
        let seed = use_mut_ref(|| 0_u64);
        Callback::from(move |_: MouseEvent| {
            *seed.borrow_mut() += 1;
            let request = Request::Rows {
                split: Split::Validation,
                n: 1,
                seed: *seed.borrow(),
            };
            let (playground, input) = (playground.clone(), input.clone());
            wasm_bindgen_futures::spawn_local(async move {
                match playground.ask(request).await {
                    Ok(Reply::Rows { inputs, .. }) => {
                        if let Some(row) = inputs.into_iter().next() {
                            input.set(row);
                        }
                    }
                    Ok(_) => {}
                    Err(message) => playground.complain(message),
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
            { for data.schema.features.iter().map(|feature| feature_field(feature, &input, lang)) }
            if !can_predict {
                <p class="hint">{ T.try_no_model.get(lang) }</p>
            } else if is_empty(&input) {
                <p class="hint">{ T.try_empty.get(lang) }</p>
            }
            <div aria-live="polite">
                { match &*answer {
                    Some(Ok(answer)) if !is_empty(&input) => html! { <AnswerView answer={answer.clone()} {is_trained} /> },
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

/// The control for one feature.
fn feature_field(feature: &FeatureSchema, input: &UseStateHandle<PredictInput>, lang: Lang) -> Html {
    let key = feature.key.clone();
    let change = {
        let input = input.clone();
        move |edit: &dyn Fn(&mut PredictInput)| {
            let mut changed = (*input).clone();
            edit(&mut changed);
            input.set(changed);
        }
    };
    let id = format!("try-{key}");
    match feature.kind {
        FeatureKind::Tokens { length, .. } => {
            let text = value_of(&input.text, &key);
            let oninput = move |event: InputEvent| {
                let area: HtmlTextAreaElement = event.target_unchecked_into();
                let typed: String = area.value().chars().take(MAX_CHARS).collect();
                change(&|input| {
                    input.text.insert(key.clone(), typed.clone());
                });
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
            let value = value_of(&input.ids, &key);
            let last = cardinality.saturating_sub(1);
            let oninput = move |event: InputEvent| {
                let field: HtmlInputElement = event.target_unchecked_into();
                if let Ok(typed) = field.value().parse::<u32>()
                    && (typed as usize) <= last
                {
                    change(&|input| {
                        input.ids.insert(key.clone(), typed);
                    });
                }
            };
            html! {
                <div class="field">
                    <label for={id.clone()}>{ feature.name.get(lang) }</label>
                    <input type="number" {id} title={fill(T.try_id, lang, &[&last])} min="0" max={last.to_string()} step="1" value={value.to_string()} {oninput} />
                    <p class="hint">{ fill(T.try_id, lang, &[&last]) }</p>
                </div>
            }
        }
        FeatureKind::Dense { width } => {
            let numbers = value_of(&input.dense, &key);
            let text = numbers.iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
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
                if let Some(typed) = typed.filter(|typed| typed.len() == width) {
                    change(&|input| {
                        input.dense.insert(key.clone(), typed.clone());
                    });
                }
            };
            html! {
                <div class="field">
                    <label for={id.clone()}>{ feature.name.get(lang) }</label>
                    <input type="text" {id} title={fill(T.try_numbers, lang, &[&width])} value={text} {onchange} />
                    <p class="hint">{ fill(T.try_numbers, lang, &[&width]) }</p>
                </div>
            }
        }
    }
}

fn value_of<V: Clone + Default>(values: &BTreeMap<String, V>, key: &str) -> V {
    values.get(key).cloned().unwrap_or_default()
}
