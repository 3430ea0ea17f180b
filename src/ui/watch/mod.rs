//! Charts and tables of the run.
//!
//! Lines are drawn outside of yew ([`lines`]); tables are rendered by yew when an evaluation arrives, which is once per
//! epoch at the most.

mod lines;
mod tables;

use std::rc::Rc;

use mtl_base::schema::{LabelKind, Schema};
use mtl_engine::{
    design::check::{Checked, TaskReport},
    metrics::Metric,
};
use mtl_training::protocol::Split;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    i18n::{Lang, Text, fill, insight, panels::T, use_lang},
    state::{
        Store, history::RunHistory, task_color, task_letter, tasks::label_kind, use_playground, use_selected,
        use_store,
    },
    ui::{
        charts::{ChartSource, LineChart},
        elements::table_row,
        insight::{ComparisonView, ConflictView},
    },
};
use lines::{Lines, LossLines, MetricLines, WatchOptions};
pub use tables::task_tag;
use tables::{Newest, TaskLine, classes_view, metrics_tables, split_name};

/// Tab of the lower part of the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    Charts,
    Metrics,
    Classes,
    Comparison,
    Conflict,
    Resources,
}

/// Charts and tables of the run.
#[component]
pub fn WatchPanel() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let checked = use_store(&playground.checked);
    let data = use_store(&playground.data);
    let view = use_state_eq(|| View::Charts);
    let options = use_state(|| Store::new(WatchOptions::default()));
    let tasks = use_memo(
        (checked.clone(), data.schema.clone(), lang),
        |(checked, schema, lang)| {
            Rc::new(
                checked
                    .tasks
                    .iter()
                    .map(|task| task_line(task, schema, *lang))
                    .collect::<Vec<_>>(),
            )
        },
    );
    choose_metrics(&options, &checked, &data.schema);
    let tabs = [
        (View::Charts, T.charts, T.charts_hint),
        (View::Metrics, T.metrics, T.metrics_hint),
        (View::Classes, T.confusion, T.classes_hint),
        (View::Comparison, insight::T.compare, insight::T.compare_hint),
        (View::Conflict, insight::T.conflict, insight::T.conflict_hint),
        (View::Resources, T.resources, T.resources_hint),
    ];
    html! {
        <div class="watch">
            <div class="watch-bar" role="tablist" aria-label={T.watch.get(lang)}>
                { for tabs.into_iter().map(|(key, label, hint)| {
                    let view_state = view.clone();
                    html! {
                        <button type="button" role="tab" class="tab" aria-selected={(*view == key).to_string()} title={hint.get(lang)}
                            onclick={move |_| view_state.set(key)}>{ label.get(lang) }</button>
                    }
                }) }
            </div>
            { match *view {
                View::Charts => html! { <Charts options={(*options).clone()} tasks={(*tasks).clone()} /> },
                View::Comparison => html! { <ComparisonView /> },
                View::Conflict => html! { <ConflictView /> },
                View::Metrics | View::Classes | View::Resources => html! { <Figures view={*view} tasks={(*tasks).clone()} /> },
            } }
        </div>
    }
}

fn task_line(task: &TaskReport, schema: &Schema, lang: Lang) -> TaskLine {
    let classes = schema
        .label(&task.label)
        .map(|label| {
            label
                .classes
                .iter()
                .map(|class| class.get(lang).to_owned())
                .collect()
        })
        .unwrap_or_default();
    TaskLine {
        name: task.name.clone(),
        label: task.label.clone(),
        weight: task.weight,
        classes,
    }
}

/// The metrics that a task can be drawn with.
fn metrics_of(label: &str, schema: &Schema) -> Vec<Metric> {
    let kind = label_kind(schema, label).unwrap_or(LabelKind::Binary);
    let first = Metric::default_of(kind);
    std::iter::once(first)
        .chain(Metric::of(kind).filter(|metric| *metric != first))
        .collect()
}

/// Chooses a metric for every task that has no applicable one.
fn choose_metrics(options: &Store<WatchOptions>, checked: &Checked, schema: &Schema) {
    let chosen: Vec<Metric> = checked
        .tasks
        .iter()
        .enumerate()
        .filter_map(|(task_idx, task)| {
            let possible = metrics_of(&task.label, schema);
            let options = options.get();
            let before = options.metrics.get(task_idx).copied();
            before
                .filter(|metric| {
                    options.labels.get(task_idx) == Some(&task.label) && possible.contains(metric)
                })
                .or_else(|| possible.first().copied())
        })
        .collect();
    options.update_if_changed(|options| {
        options.metrics = chosen;
        // Before the data set is loaded, the kinds of its labels are not known.
        let known = |task: &TaskReport| label_kind(schema, &task.label).map(|_| task.label.clone());
        options.labels = checked
            .tasks
            .iter()
            .map(|task| known(task).unwrap_or_default())
            .collect();
    });
}

#[derive(Properties, PartialEq)]
struct ChartsProps {
    options: Store<WatchOptions>,
    tasks: Rc<Vec<TaskLine>>,
}

#[component]
fn Charts(props: &ChartsProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let options = use_store(&props.options);
    let data = use_store(&playground.data);
    let sources = use_memo((props.tasks.clone(), lang), |(tasks, lang)| {
        let lines = Lines {
            history: playground.history.clone(),
            options: props.options.clone(),
            tasks: tasks.clone(),
            dark: playground.dark.clone(),
            lang: *lang,
        };
        let loss: Rc<dyn ChartSource> = Rc::new(LossLines(lines.clone()));
        let metric: Rc<dyn ChartSource> = Rc::new(MetricLines(lines));
        (loss, metric)
    });
    let switch = |text: Text, hint: Text, checked: bool, change: fn(&mut WatchOptions, bool)| {
        let store = props.options.clone();
        let onchange = Callback::from(move |event: Event| {
            let input: HtmlInputElement = event.target_unchecked_into();
            store.update_if_changed(|options| change(options, input.checked()));
        });
        html! {
            <label class="inline" title={hint.get(lang)}><input type="checkbox" {checked} {onchange} />{ text.get(lang) }</label>
        }
    };
    let on_smoothing = {
        let store = props.options.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            store.update_if_changed(|options| options.smoothing = input.value_as_number().clamp(0.0, 0.99));
        })
    };
    html! {
        <div class="charts">
            <div class="chart-controls">
                <ul class="legend" aria-label={T.legend.get(lang)}>
                    { for props.tasks.iter().enumerate().map(|(task_idx, task)| {
                        let store = props.options.clone();
                        let shown = !options.hidden.contains(&task_idx);
                        let toggle = move |_: MouseEvent| store.update(|options| {
                            if !options.hidden.remove(&task_idx) {
                                options.hidden.insert(task_idx);
                            }
                        });
                        html! {
                            <li>
                                <button type="button" class="legend-task" aria-pressed={shown.to_string()} onclick={toggle}
                                    title={T.legend_hint.get(lang)} ~style={format!("--task: {}", task_color(task_idx))}>
                                    <span class="task-letter" aria-hidden="true">{ task_letter(task_idx) }</span>{ &task.name }
                                </button>
                            </li>
                        }
                    }) }
                    <li class="legend-key"><span class="line-solid"></span>{ T.train_rows.get(lang) }</li>
                    <li class="legend-key"><span class="line-dashed"></span>{ T.validation_rows.get(lang) }</li>
                </ul>
                <label class="inline" title={T.smoothing_hint.get(lang)}>
                    { T.smoothing.get(lang) }
                    <input type="range" min="0" max="0.99" step="0.01" value={options.smoothing.to_string()} oninput={on_smoothing} />
                    <output>{ format!("{:.2}", options.smoothing) }</output>
                </label>
                { switch(T.time_axis, T.time_axis_hint, options.time_axis, |options, on| options.time_axis = on) }
                { switch(T.log_axis, T.log_axis_hint, options.log_loss, |options, on| options.log_loss = on) }
            </div>
            <div class="chart-row">
                <figure>
                    <figcaption>{ T.loss.get(lang) }</figcaption>
                    <LineChart source={sources.0.clone()} label={T.loss_chart_label.get(lang)} empty={T.chart_empty.get(lang)} />
                </figure>
                <figure>
                    <figcaption>
                        { for props.tasks.iter().enumerate().map(|(task_idx, task)| {
                            metric_choice(task_idx, task, &props.options, &options, &data.schema, lang)
                        }) }
                    </figcaption>
                    <LineChart source={sources.1.clone()} label={T.metric_chart_label.get(lang)} empty={T.metric_empty.get(lang)} />
                </figure>
            </div>
        </div>
    }
}

fn metric_choice(
    task_idx: usize,
    task: &TaskLine,
    store: &Store<WatchOptions>,
    options: &WatchOptions,
    schema: &Schema,
    lang: Lang,
) -> Html {
    let chosen = options.metrics.get(task_idx).copied();
    let store = store.clone();
    let onchange = move |event: Event| {
        let select: web_sys::HtmlSelectElement = event.target_unchecked_into();
        if let Some(metric) = Metric::from_key(&select.value()) {
            store.update_if_changed(|options| {
                if let Some(slot) = options.metrics.get_mut(task_idx) {
                    *slot = metric;
                }
            });
        }
    };
    html! {
        <label class="metric-choice">
            { task_tag(task_idx, &task.name) }
            <select {onchange} title={T.metric_hint.get(lang)} aria-label={fill(T.metric_of, lang, &[&task.name])}>
                { for metrics_of(&task.label, schema).into_iter().map(|metric| html! {
                    <option value={metric.key()} selected={chosen == Some(metric)}>{ metric.label().get(lang) }</option>
                }) }
            </select>
        </label>
    }
}

#[derive(Properties, PartialEq)]
struct FiguresProps {
    view: View,
    tasks: Rc<Vec<TaskLine>>,
}

/// The tables; drawn again when an evaluation arrives.
#[component]
fn Figures(props: &FiguresProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let newest = use_newest();
    let data = use_store(&playground.data);
    match props.view {
        View::Resources => html! { <Resources tasks={props.tasks.clone()} /> },
        View::Charts | View::Comparison | View::Conflict => html! {},
        View::Metrics => html! {
            <div class="figures-view" tabindex="0" aria-label={T.metrics.get(lang)}>
                <TestButton />
                if newest.train.is_none() && newest.validation.is_none() && newest.test.is_none() {
                    <p class="hint">{ T.no_evaluation.get(lang) }</p>
                }
                { metrics_tables(&props.tasks, &newest, &data.baselines, lang) }
            </div>
        },
        View::Classes => {
            let chosen = newest
                .test
                .as_ref()
                .or(newest.validation.as_ref())
                .or(newest.train.as_ref());
            html! {
                <div class="figures-view" tabindex="0" aria-label={T.confusion.get(lang)}>
                    if let Some(evaluation) = chosen {
                        <p class="hint">{ fill(T.confusion_of, lang, &[&split_name(evaluation.split).get(lang), &evaluation.step]) }</p>
                        { for props.tasks.iter().zip(&evaluation.tasks).enumerate().map(|(task_idx, (task, metrics))| {
                            classes_view(task_idx, task, metrics, lang)
                        }) }
                    } else {
                        <p class="hint">{ T.no_evaluation.get(lang) }</p>
                    }
                </div>
            }
        }
    }
}

/// The newest evaluation of each split; the component is drawn again when one arrives.
#[hook]
fn use_newest() -> Newest {
    let playground = use_playground();
    let draw_again = use_force_update();
    let newest = newest_of(&playground.history.borrow());
    let seen = use_mut_ref(Newest::default);
    *seen.borrow_mut() = newest.clone();
    let history = playground.history.clone();
    use_effect_with((), move |()| {
        let source = history.clone();
        let subscription = history.subscribe(move || {
            if !seen.borrow().is_same(&newest_of(&source.borrow())) {
                draw_again.force_update();
            }
        });
        move || drop(subscription)
    });
    newest
}

fn newest_of(history: &RunHistory) -> Newest {
    let newest = |split| history.newest(split).cloned();
    Newest {
        train: newest(Split::Train),
        validation: newest(Split::Validation),
        test: newest(Split::Test),
    }
}

/// The button "Evaluate on test", the only use of the test rows.
#[component]
fn TestButton() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let can_evaluate = use_selected(&playground.status, |status| {
        status.step > 0 || status.steps_per_epoch > 0
    });
    let onclick = {
        let playground = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let asked = playground.rc();
            playground.attempt(async move { asked.evaluate(Split::Test).await });
        })
    };
    html! {
        <p class="test-bar">
            <button type="button" class="button" {onclick} disabled={!can_evaluate} title={T.evaluate_test_hint.get(lang)}>
                { T.evaluate_test.get(lang) }
            </button>
            <span class="hint">{ T.evaluate_test_hint.get(lang) }</span>
        </p>
    }
}

#[derive(Properties, PartialEq)]
struct ResourcesProps {
    tasks: Rc<Vec<TaskLine>>,
}

/// Costs of the design: parameters, multiply-adds, bytes, speed.
#[component]
fn Resources(props: &ResourcesProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let model = use_store(&playground.model);
    // The speed is updated once a second, so that it can be read.
    let draw_again = use_force_update();
    use_effect_with((), move |()| {
        let timer = gloo_timers::callback::Interval::new(1_000, move || draw_again.force_update());
        move || drop(timer)
    });
    let Some(resources) = &model.resources else {
        return html! { <p class="hint figures-view">{ T.no_resources.get(lang) }</p> };
    };
    let speed = playground.history.borrow().latest.clone();
    let count = |value: usize| crate::i18n::format::count(value as u64);
    let bytes = |value: usize| crate::i18n::format::bytes(value as u64);
    html! {
        <div class="figures-view" tabindex="0" aria-label={T.resources.get(lang)}>
            <table class="metrics">
                <caption>{ T.parameters.get(lang) }</caption>
                <tbody>
                    { table_row(T.all.get(lang), count(resources.parameters)) }
                    { table_row(T.shared.get(lang), count(resources.shared)) }
                    { for props.tasks.iter().zip(&resources.per_task).enumerate().map(|(task_idx, (task, n))| {
                        table_row(task_tag(task_idx, &task.name), count(*n))
                    }) }
                </tbody>
            </table>
            <table class="metrics">
                <caption>{ T.cost.get(lang) }</caption>
                <tbody>
                    { table_row(T.macs.get(lang), crate::i18n::format::count(resources.macs_per_example)) }
                    { table_row(T.bytes_parameters.get(lang), bytes(resources.bytes.parameters)) }
                    { table_row(T.bytes_training.get(lang), bytes(resources.bytes.total())) }
                    if let Some(speed) = speed {
                        { table_row(T.step_time.get(lang), format!("{:.2} ms", 1_000.0 / f64::from(speed.steps_per_second).max(1e-3))) }
                        { table_row(T.examples_per_second.get(lang), count(speed.examples_per_second as usize)) }
                    }
                </tbody>
            </table>
        </div>
    }
}
