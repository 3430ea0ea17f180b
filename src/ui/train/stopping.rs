//! Early stopping.

use mtl_base::settings::find;
use mtl_engine::metrics::Metric;
use mtl_training::protocol::{RunSettings, StopCondition, Watch, WatchedMetric};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{
    Fold, change_settings,
    fields::{Groups, RunField},
};
use crate::{
    i18n::{train::T, use_lang},
    state::{task_letter, tasks::label_kind, use_playground, use_selected, use_store},
    ui::form::use_id,
};

/// Early stopping.
#[component]
pub fn StoppingSection() -> Html {
    let lang = use_lang();
    let id = use_id();
    let playground = use_playground();
    let stop = use_selected(&playground.settings, |settings| settings.stop.clone());
    let checked = use_store(&playground.checked);
    let schema = playground.schema();
    let (Ok(group), Ok(watch)) = (
        find(RunSettings::FIELDS, "stop"),
        find(StopCondition::FIELDS, "watch"),
    ) else {
        return Html::default();
    };
    // The quantities that can be monitored, by index: first the loss, then every metric of every task.
    let loss = Watch::default();
    let name = loss.label().get(lang).to_owned();
    let mut choices = vec![(loss, name)];
    for (task_idx, task) in checked.tasks.iter().enumerate() {
        let metrics = label_kind(&schema, &task.label).into_iter().flat_map(Metric::of);
        choices.extend(metrics.map(|metric| {
            let label = format!(
                "{} {} · {}",
                task_letter(task_idx),
                task.name,
                metric.label().get(lang)
            );
            (
                Watch::Metric(WatchedMetric {
                    task: task.node,
                    metric,
                }),
                label,
            )
        }));
    }
    let chosen = choices
        .iter()
        .position(|(watch, _)| *watch == stop.watch)
        .unwrap_or(0);
    let onchange = {
        let (this, watches) = (
            playground.clone(),
            choices.iter().map(|(watch, _)| watch.clone()).collect::<Vec<_>>(),
        );
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            if let Some(watch) = usize::try_from(select.selected_index())
                .ok()
                .and_then(|idx| watches.get(idx))
            {
                change_settings(&this, |settings| settings.stop.watch = watch.clone());
            }
        })
    };
    let badge = if stop.patience == 0 {
        T.off.get(lang).to_owned()
    } else {
        stop.patience.to_string()
    };
    html! {
        <Fold title={group.label.get(lang)} hint={group.help.get(lang)} badge={AttrValue::from(badge)}>
            <div class="form">
                <div class="form-pair">
                    <RunField key="patience" groups={Groups(&["stop"])} name="patience" />
                    <RunField key="min_delta" groups={Groups(&["stop"])} name="min_delta" />
                </div>
                <div class="field">
                    <div class="field-label"><label for={id.clone()} title={watch.help.get(lang)}>{ watch.label.get(lang) }</label></div>
                    <select {id} title={watch.help.get(lang)} {onchange}>
                        { for choices.iter().enumerate().map(|(idx, (_, label))| html! {
                            <option selected={idx == chosen}>{ label }</option>
                        }) }
                    </select>
                </div>
            </div>
        </Fold>
    }
}
