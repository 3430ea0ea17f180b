//! The predictions of all tasks, with attributions of the words.

use mtl_training::protocol::{PredictInput, TaskPrediction, TokenSpans};
use yew::prelude::*;

use crate::{
    i18n::{Lang, fill, format, panels::T, use_lang},
    state::task_color,
    ui::{charts::format_value, watch::task_tag},
};

/// Largest number of classes that are listed per task.
const MAX_CLASSES: usize = 8;

/// A prediction for an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The example.
    pub input: PredictInput,
    /// Predictions per task.
    pub tasks: Vec<TaskPrediction>,
    /// Tokens per text feature.
    pub tokens: Vec<TokenSpans>,
}

/// Opacity of the task's colour behind the word with the largest attribution; a higher one would reduce the contrast of the text in the dark theme.
const MAX_SHARE_PERCENT: f32 = 42.0;

/// Properties of `Answer`.
#[derive(Properties, PartialEq)]
pub struct AnswerProps {
    pub answer: Answer,
    /// Whether the model has been trained.
    pub is_trained: bool,
    /// Whether the example has changed since.
    pub is_outdated: bool,
}

/// Predictions of all tasks.
#[component]
pub fn AnswerView(props: &AnswerProps) -> Html {
    let lang = use_lang();
    let answer = &props.answer;
    html! {
        <div class={classes!("answer", props.is_outdated.then_some("outdated"))} aria-busy={props.is_outdated.to_string()}>
            if !props.is_trained { <p class="hint">{ T.try_untrained.get(lang) }</p> }
            { for answer.tasks.iter().enumerate().map(|(task_idx, task)| html! {
                <section class="answer-task" ~style={format!("--task: {}", task_color(task_idx))}>
                    <h3>{ task_tag(task_idx, &task.task) }</h3>
                    { outputs(task, lang) }
                    { for answer.tokens.iter().zip(&task.attributions).map(|(tokens, attributions)| {
                        let text = answer.input.text.get(&tokens.feature).map_or("", String::as_str);
                        highlighted(text, tokens, attributions, lang)
                    }) }
                </section>
            }) }
            if answer.tokens.iter().any(|tokens| !tokens.spans.is_empty()) {
                <p class="hint">{ T.attribution_hint.get(lang) }</p>
            }
        </div>
    }
}

/// An output, finite or not.
fn value_text(value: f64) -> String {
    if value.is_finite() {
        format_value(value)
    } else {
        format::not_finite(value).to_owned()
    }
}

fn outputs(task: &TaskPrediction, lang: Lang) -> Html {
    if task.classes.is_empty() && task.outputs.len() == 1 {
        return html! { <p class="answer-value">{ value_text(f64::from(task.outputs[0])) }</p> };
    }
    let mut order: Vec<usize> = (0..task.outputs.len()).collect();
    if order.len() > MAX_CLASSES {
        order.sort_by(|a, b| task.outputs[*b].total_cmp(&task.outputs[*a]));
    }
    let name = |class: usize| {
        task.classes
            .get(class)
            .map_or_else(|| class.to_string(), |name| name.get(lang).to_owned())
    };
    html! {
        <>
            <ul class="bars">
                { for order.iter().take(MAX_CLASSES).map(|&class| {
                    let share = f64::from(task.outputs[class]);
                    html! {
                        <li class={classes!(task.predicted.contains(&class).then_some("best"))}>
                            <span class="bar-name">{ name(class) }</span>
                            <span class="bar-track"><span class="bar" ~style={format!("width:{:.2}%", if share.is_finite() { 100.0 * share } else { 0.0 })}></span></span>
                            <span class="bar-value">{ if share.is_finite() { format!("{:.1}%", 100.0 * share) } else { value_text(share) } }</span>
                        </li>
                    }
                }) }
            </ul>
            if order.len() > MAX_CLASSES { <p class="hint">{ fill(T.more_classes, lang, &[&(order.len() - MAX_CLASSES)]) }</p> }
        </>
    }
}

/// The text with each token marked by its attribution: positive is filled, negative is underlined.
fn highlighted(text: &str, tokens: &TokenSpans, attributions: &[f32], lang: Lang) -> Html {
    let largest = attributions
        .iter()
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    let mut parts = Vec::new();
    let mut done = 0;
    for (position, &(start, end)) in tokens.spans.iter().enumerate() {
        // The worker computed the positions for this text; on a mismatch the plain text is shown.
        let (Some(before), Some(token)) = (text.get(done..start), text.get(start..end)) else {
            break;
        };
        parts.push(html! { { before.to_owned() } });
        let value = attributions.get(position).copied().unwrap_or(0.0);
        // Where something is infinite, that alone is marked.
        let share = match (largest.is_finite(), value.is_finite()) {
            (_, false) => 1.0,
            (true, true) if largest > 0.0 => value.abs() / largest,
            _ => 0.0,
        };
        let known = tokens.known.get(position).copied().unwrap_or(false);
        let side = if value >= 0.0 { "for" } else { "against" };
        let title = if known {
            format!("{value:+.3}")
        } else {
            T.unknown_word.get(lang).to_owned()
        };
        parts.push(html! {
            <span class={classes!("word", side, (!known).then_some("unknown"))} ~style={format!("--share:{:.0}%", share * MAX_SHARE_PERCENT)} {title}>{ token.to_owned() }</span>
        });
        done = end;
    }
    let rest = text.get(done..).unwrap_or("");
    html! {
        <p class="highlighted">
            { for parts }
            if !rest.is_empty() { <span class="cut" title={T.cut_words.get(lang)}>{ rest.to_owned() }</span> }
        </p>
    }
}
