//! A slider per task: the weight of its loss, live.

use mtl_base::settings::{SettingType, Settings, Value, find};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    i18n::{fill, train::T, use_lang},
    state::{task_color, task_letter, use_playground, use_store},
    ui::form::TypedBox,
};

/// Largest value of the slider; the box accepts more.
const SLIDER_MAX: f64 = 5.0;

/// A slider per task.
#[component]
pub fn WeightsSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let checked = use_store(&playground.checked);
    let design = playground.document.get();
    let field_of = |node| {
        let head = design.design().node(node)?;
        find(head.layer.fields(), "weight").ok()
    };
    html! {
        <section class="section" aria-label={T.task_weights.get(lang)}>
            <h3 title={T.task_weights_help.get(lang)}>
                { T.task_weights.get(lang) }<span class="badge badge-live">{ T.live.get(lang) }</span>
            </h3>
            if checked.tasks.is_empty() { <p class="muted small">{ T.no_tasks.get(lang) }</p> }
            { for checked.tasks.iter().enumerate().map(|(task_idx, task)| {
                let set = {
                    let this = playground.clone();
                    Callback::from(move |weight: f64| {
                        if let Err(message) = this.set_task_weight(task_idx, weight) {
                            this.show_problem(message);
                        }
                    })
                };
                let oninput = {
                    let set = set.clone();
                    Callback::from(move |event: InputEvent| {
                        let slider: HtmlInputElement = event.target_unchecked_into();
                        set.emit((slider.value_as_number() * 100.0).round() / 100.0);
                    })
                };
                let on_value = {
                    let this = playground.clone();
                    Callback::from(move |result: Result<Value, crate::i18n::Message>| match result {
                        Ok(Value::Real(weight)) => set.emit(weight),
                        Ok(_) => {}
                        Err(message) => this.show_problem(message),
                    })
                };
                let label = fill(T.weight_of, lang, &[&task.name]);
                let shown = f64::from(task.weight).min(SLIDER_MAX);
                html! {
                    <div class="weight" title={T.task_weights_help.get(lang)} key={task.node.0} ~style={format!("--task: {}", task_color(task_idx))}>
                        <span class="task-mark">{ task_letter(task_idx) }</span>
                        <span class="weight-name" title={task.name.clone()}>{ &task.name }</span>
                        <input type="range" min="0" max={SLIDER_MAX.to_string()} step="0.05" value={shown.to_string()}
                            aria-label={label.clone()} {oninput} />
                        if let Some(field) = field_of(task.node) {
                            <TypedBox {field} value={task.weight.to_value()} label={label} {on_value} />
                        }
                    </div>
                }
            }) }
        </section>
    }
}
