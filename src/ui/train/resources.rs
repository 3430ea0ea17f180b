//! Size and cost of the model.

use yew::prelude::*;

use super::Fold;
use crate::{
    i18n::{format, train::T, use_lang},
    state::{history::use_history, task_color, task_letter, use_playground, use_store},
    ui::elements::fact,
};

/// Parameters (shared and per task), multiply-adds, memory, time per step.
#[component]
pub fn ResourcesSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let model = use_store(&playground.model);
    use_history(&playground.history);
    let Some(resources) = &model.resources else {
        return Html::default();
    };
    let steps_per_second = playground
        .history
        .borrow()
        .latest
        .as_ref()
        .map(|latest| latest.steps_per_second);
    let share = |count: usize| format!("flex-grow: {}", count.max(1));
    html! {
        <Fold title={T.resources.get(lang)} hint={T.resources_help.get(lang)} badge={AttrValue::from(format::short_count(resources.parameters as f64, lang))} open=true>
            <div class="cost-bar" role="presentation">
                if resources.shared > 0 { <span class="cost-shared" ~style={share(resources.shared)} /> }
                { for resources.per_task.iter().enumerate().filter(|(_, count)| **count > 0).map(|(task_idx, count)| html! {
                    <span ~style={format!("{}; background: {}", share(*count), task_color(task_idx))} />
                }) }
            </div>
            <dl class="facts">
                { fact(T.parameters.get(lang), format::count(resources.parameters as u64)) }
                <dt class="facts-sub"><span class="task-mark cost-shared">{ "=" }</span>{ T.parameters_shared.get(lang) }</dt>
                <dd>{ format::count(resources.shared as u64) }</dd>
                { for resources.per_task.iter().enumerate().map(|(task_idx, count)| html! {
                    <>
                        <dt class="facts-sub">
                            <span class="task-mark" ~style={format!("--task: {}", task_color(task_idx))}>{ task_letter(task_idx) }</span>
                            { T.parameters_private.get(lang) }
                        </dt>
                        <dd>{ format::count(*count as u64) }</dd>
                    </>
                }) }
                { fact(T.macs.get(lang), format::count(resources.macs_per_example)) }
                <dt>{ T.memory.get(lang) }</dt><dd class="facts-memory">{ format::bytes(resources.bytes.total() as u64) }</dd>
                <dt class="facts-sub">{ T.memory_rows.get(lang) }</dt><dd>{ format::bytes(resources.bytes.rows as u64) }</dd>
                if let Some(rate) = steps_per_second.filter(|rate| *rate > 0.0) {
                    { fact(T.step_time.get(lang), format!("{:.2} ms", 1e3 / rate)) }
                }
            </dl>
        </Fold>
    }
}
