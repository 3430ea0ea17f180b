//! When a run stops before its last epoch.

use mtl_base::settings::{Field, FieldKind, Value};
use mtl_engine::metrics::Metric;
use mtl_training::{protocol::Watch, settings as bounds};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{Fold, changes_settings};
use crate::{
    i18n::{train::T, use_lang},
    state::{task_letter, tasks::task_output, use_playground, use_selected, use_store},
    ui::form::{FieldRow, use_id},
};

static PATIENCE: Field = Field::new(
    "patience",
    [T.patience, T.patience_help],
    FieldKind::int(0, bounds::MAX_PATIENCE as i64, 1),
);

static MIN_DELTA: Field = Field::new(
    "min_delta",
    [T.min_delta, T.min_delta_help],
    FieldKind::real(0.0, 1000.0, 0.001),
);

/// When a run stops before its last epoch.
#[component]
pub fn StoppingSection() -> Html {
    let lang = use_lang();
    let id = use_id();
    let playground = use_playground();
    let stop = use_selected(&playground.settings, |settings| settings.stop.clone());
    let checked = use_store(&playground.checked);
    let schema = playground.schema();
    // What there is to watch, by position: first the loss, then every metric of every task.
    let mut choices = vec![(Watch::Loss, T.watch_loss.get(lang).to_owned())];
    for (task_idx, task) in checked.tasks.iter().enumerate() {
        let metrics = task_output(&schema, &task.label).into_iter().flat_map(Metric::of);
        choices.extend(metrics.map(|metric| {
            let label = format!(
                "{} {} · {}",
                task_letter(task_idx),
                task.name,
                metric.label().get(lang)
            );
            (
                Watch::Metric {
                    task: task.node,
                    metric,
                },
                label,
            )
        }));
    }
    let chosen = choices
        .iter()
        .position(|(watch, _)| *watch == stop.watch)
        .unwrap_or(0);
    let change = |change| changes_settings(&playground, change);
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
                this.settings
                    .update_if_changed(|settings| settings.stop.watch = watch.clone());
            }
        })
    };
    let badge = if stop.patience == 0 {
        T.off.get(lang).to_owned()
    } else {
        stop.patience.to_string()
    };
    html! {
        <Fold title={T.stop.get(lang)} hint={T.stop_help.get(lang)} badge={AttrValue::from(badge)}>
            <div class="form">
                <div class="form-pair">
                    { part! { key = PATIENCE.key, <FieldRow field={&PATIENCE} value={Value::Int(i64::from(stop.patience))}
                        on_change={change(|settings, value| if let Value::Int(value) = value {
                            settings.stop.patience = u32::try_from(*value).unwrap_or(settings.stop.patience);
                        })} /> } }
                    { part! { key = MIN_DELTA.key, <FieldRow field={&MIN_DELTA} value={Value::Real(stop.min_delta)}
                        on_change={change(|settings, value| if let Value::Real(value) = value {
                            settings.stop.min_delta = *value;
                        })} /> } }
                </div>
                <div class="field">
                    <div class="field-label"><label for={id.clone()} title={T.watch_metric_help.get(lang)}>{ T.watch_metric.get(lang) }</label></div>
                    <select {id} title={T.watch_metric_help.get(lang)} {onchange}>
                        { for choices.iter().enumerate().map(|(idx, (_, label))| html! {
                            <option selected={idx == chosen}>{ label }</option>
                        }) }
                    </select>
                </div>
            </div>
        </Fold>
    }
}
