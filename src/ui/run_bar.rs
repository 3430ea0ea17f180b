//! The run bar, which is always visible: play, step, epoch, reset; progress; the loss and the main metric of
//! every task.

use mtl_engine::metrics::Metric;
use mtl_training::protocol::{Phase, Split};
use yew::prelude::*;

use super::icon::{IconKind, icon};
use crate::{
    i18n::{faults, fill, format, panels, train::T, use_lang},
    state::{
        history::use_history, task_color, task_letter, tasks::label_kind, use_playground, use_selected,
        use_store,
    },
};

/// The run bar.
#[component]
pub fn RunBar() -> Html {
    let lang = use_lang();
    html! {
        <div class="run-bar" role="region" aria-label={T.run_controls.get(lang)}>
            <Controls />
            <Progress />
            <Tasks />
        </div>
    }
}

#[component]
fn Controls() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let phase = use_selected(&playground.status, |status| status.phase);
    let is_running = phase == Phase::Running;
    let on_play = {
        let this = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let playground = this.rc();
            this.attempt(async move { playground.toggle_play().await });
        })
    };
    let on_step = {
        let this = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let playground = this.rc();
            this.attempt(async move { playground.step(1).await });
        })
    };
    let on_epoch = {
        let this = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let playground = this.rc();
            this.attempt(async move { playground.epoch().await });
        })
    };
    let on_reset = {
        let this = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let playground = this.rc();
            this.attempt(async move { playground.reset().await });
        })
    };
    let rewind_step = use_selected(&playground.status, |status| status.rewind_step);
    let on_rewind = {
        let this = playground.clone();
        Callback::from(move |_: MouseEvent| {
            let playground = this.rc();
            this.attempt(async move { playground.rewind().await });
        })
    };
    let play = if is_running { T.pause } else { T.play };
    html! {
        <>
            if let Some(step) = rewind_step {
                <button type="button" class="button button-primary" id="rewind"
                    title={fill(faults::T.rewind_help, lang, &[&format::count(step)])} onclick={on_rewind}>
                    <span>{ fill(faults::T.rewind, lang, &[&format::count(step)]) }</span>
                </button>
            }
            <button type="button" class="button button-primary button-play" id="play" aria-keyshortcuts="Space"
                title={play.get(lang)} onclick={on_play}>
                { icon(if is_running { IconKind::Pause } else { IconKind::Play }) }
                <span>{ play.get(lang) }</span>
            </button>
            <button type="button" class="button" id="step" title={T.one_step.get(lang)} aria-label={T.one_step.get(lang)}
                aria-keyshortcuts="S" disabled={is_running} onclick={on_step}>
                { icon(IconKind::Step) }<span class="button-label">{ T.step.get(lang) }</span>
            </button>
            <button type="button" class="button" id="epoch" title={T.one_epoch.get(lang)}
                aria-label={format!("{}: {}", T.epoch.get(lang), T.one_epoch.get(lang))}
                aria-keyshortcuts="E" disabled={is_running} onclick={on_epoch}>
                { icon(IconKind::Epoch) }<span class="button-label">{ T.epoch.get(lang) }</span>
            </button>
            <button type="button" class="button" id="reset" title={T.reset_help.get(lang)} aria-label={T.reset.get(lang)}
                aria-keyshortcuts="Shift+R" onclick={on_reset}>
                { icon(IconKind::Reset) }<span class="button-label">{ T.reset.get(lang) }</span>
            </button>
        </>
    }
}

/// Progress of the run. Figures are updated on animation frames; the phase is announced when it changes.
#[component]
fn Progress() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let status = use_store(&playground.status);
    let epochs = use_selected(&playground.settings, |settings| settings.epochs);
    let is_loading = use_selected(&playground.data, |data| data.loading.is_some());
    let has_opened = use_store(&playground.has_opened);
    use_history(&playground.history);
    let history = playground.history.borrow();
    let (step, epoch) = match &history.latest {
        Some(latest) if latest.step >= status.step => (latest.step, latest.epoch),
        _ => (status.step, status.epoch),
    };
    let phase = match status.phase {
        Phase::NotReady if is_loading || !*has_opened => T.starting,
        Phase::NotReady => T.not_ready,
        Phase::Paused if step == 0 => T.ready,
        Phase::Paused => T.paused,
        Phase::Running => T.running,
        Phase::Finished => T.finished,
        Phase::Diverged => T.diverged,
    };
    let phase_key = if status.phase == Phase::Running {
        "running"
    } else if status.phase == Phase::Diverged {
        "diverged"
    } else {
        "still"
    };
    let speed = history.latest.as_ref().filter(|_| status.phase == Phase::Running);
    html! {
        <div class="run-state" id="run-state" data-phase={phase_key} data-step={step.to_string()}>
            <div class="run-figures">
                <span class="run-phase" data-phase={phase_key} role="status">{ phase.get(lang) }</span>
                <span class="run-epoch">{ fill(T.epoch_of, lang, &[&format!("{epoch:.1}"), &epochs]) }</span>
                <span>{ fill(T.step_count, lang, &[&format::count(step)]) }</span>
                if let Some(latest) = speed {
                    <span class="run-speed">
                        { fill(T.examples_per_second, lang, &[&format::short_count(f64::from(latest.examples_per_second), lang)]) }
                    </span>
                }
            </div>
            <progress max="1" value={(epoch / f64::from(epochs.max(1))).clamp(0.0, 1.0).to_string()}
                aria-label={T.run_progress.get(lang)} />
            if let Some(note) = &status.note {
                if status.phase != Phase::NotReady {
                    <p class="run-note" title={note.get(lang).to_owned()}>{ note.get(lang) }</p>
                }
            }
        </div>
    }
}

#[component]
fn Tasks() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let checked = use_store(&playground.checked);
    use_history(&playground.history);
    let schema = playground.schema();
    let history = playground.history.borrow();
    let evaluation = history.newest(Split::Validation);
    html! {
        <div class="run-tasks" role="group" tabindex="0" aria-label={T.run_tasks.get(lang)}>
            { for checked.tasks.iter().enumerate().map(|(task_idx, task)| {
                let loss = history
                    .latest
                    .as_ref()
                    .and_then(|latest| latest.losses.get(task_idx).copied().flatten())
                    .map_or_else(|| "–".to_owned(), |loss| format::figure(f64::from(loss)));
                let metric = label_kind(&schema, &task.label).map(Metric::default_of);
                let value = metric
                    .zip(evaluation.and_then(|evaluation| evaluation.tasks.get(task_idx)))
                    .map(|(metric, metrics)| metrics.get(metric));
                html! {
                    <div class="run-task" key={task.node.0} ~style={format!("--task: {}", task_color(task_idx))}
                        title={fill(T.training_loss, lang, &[&task.name])}>
                        <span class="task-mark">{ task_letter(task_idx) }</span>
                        <span class="run-task-name">{ &task.name }</span>
                        <span class="run-task-figures">
                            <span>{ T.loss.get(lang) }{ " " }<b>{ loss }</b></span>
                            if let Some(metric) = metric {
                                <span>
                                    { metric.label().get(lang) }{ " " }
                                    <b>{ match value {
                                        None => "–".to_owned(),
                                        Some(None) => panels::T.undefined.get(lang).to_owned(),
                                        Some(Some(value)) => format!("{value:.3}"),
                                    } }</b>
                                </span>
                            }
                        </span>
                    </div>
                }
            }) }
        </div>
    }
}
