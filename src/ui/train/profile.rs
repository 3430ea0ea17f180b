//! Profile of a step: time per op of the open design, measured in the worker.

use std::rc::Rc;

use mtl_training::protocol::{OpTime, StepProfile};
use yew::prelude::*;

use super::Fold;
use crate::{
    i18n::{Lang, fill, inside::T, use_lang},
    state::use_playground,
    worker::protocol::Failure,
};

/// Number of bars; the rest is combined into one.
const MAX_BARS: usize = 14;

/// One bar.
struct Bar {
    name: String,
    detail: String,
    forward_ms: f64,
    backward_ms: f64,
}

impl Bar {
    fn total_ms(&self) -> f64 {
        self.forward_ms + self.backward_ms
    }
}

/// The profile of a step.
#[component]
pub fn ProfileSection() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let profile = use_state(|| None::<Rc<(StepProfile, Vec<Bar>)>>);
    let is_measuring = use_state_eq(|| false);
    let measure = {
        let (this, profile, is_measuring) = (playground.clone(), profile.clone(), is_measuring.clone());
        Callback::from(move |_: MouseEvent| {
            let (playground, profile, is_measuring) = (this.rc(), profile.clone(), is_measuring.clone());
            is_measuring.set(true);
            this.attempt(async move {
                let measured = playground.measure_step().await;
                is_measuring.set(false);
                let measured = measured?;
                let design = Rc::clone(playground.document.get().design());
                let bars = measured.ops.iter().map(|op: &OpTime| Bar {
                    name: design
                        .node(op.node)
                        .map_or_else(String::new, |node| node.name.clone()),
                    detail: op.op.clone(),
                    forward_ms: op.forward_ms,
                    backward_ms: op.backward_ms,
                });
                let bars = bars.collect();
                profile.set(Some(Rc::new((measured, bars))));
                Ok::<(), Failure>(())
            });
        })
    };
    html! {
        <Fold title={T.step_title.get(lang)} hint={T.step_about.get(lang)}>
            <p class="muted small">{ T.step_about.get(lang) }</p>
            <p>
                <button type="button" class="button" id="measure-step" title={T.step_about.get(lang)} disabled={*is_measuring} onclick={measure}>
                    { if *is_measuring { T.measuring } else { T.measure }.get(lang) }
                </button>
            </p>
            if let Some(profile) = &*profile { { bars(&profile.0, &profile.1, lang) } }
        </Fold>
    }
}

fn bars(profile: &StepProfile, ops: &[Bar], lang: Lang) -> Html {
    let own = |name: crate::i18n::Text, ms: f64| Bar {
        name: name.get(lang).to_owned(),
        detail: String::new(),
        forward_ms: ms,
        backward_ms: 0.0,
    };
    let parts = [
        own(T.batch, profile.batch_ms),
        own(T.balance, profile.balance_ms),
        own(T.update, profile.update_ms),
    ];
    let mut all: Vec<&Bar> = ops.iter().chain(&parts).collect();
    all.sort_by(|a, b| b.total_ms().total_cmp(&a.total_ms()));
    let rest = all.split_off(all.len().min(MAX_BARS));
    let others = Bar {
        forward_ms: rest.iter().map(|bar| bar.forward_ms).sum(),
        backward_ms: rest.iter().map(|bar| bar.backward_ms).sum(),
        name: fill(T.others, lang, &[&rest.len()]),
        detail: String::new(),
    };
    if !rest.is_empty() {
        all.push(&others);
    }
    let largest = all
        .iter()
        .map(|bar| bar.total_ms())
        .fold(f64::MIN_POSITIVE, f64::max);
    let ms = |value: f64| format!("{value:.3}");
    html! {
        <>
            <p class="small">{ fill(T.step_total, lang, &[&ms(profile.total_ms()), &profile.n_rows, &profile.n_steps]) }</p>
            <p class="profile-key small">
                <span class="profile-forward"></span>{ T.forward.get(lang) }
                <span class="profile-backward"></span>{ T.backward.get(lang) }
            </p>
            <ul class="bars" id="step-profile">
                { for all.iter().map(|bar| {
                    let width = |value: f64| format!("width:{:.2}%", 100.0 * value / largest);
                    let title = fill(T.op_time, lang, &[&bar.name, &ms(bar.forward_ms), &ms(bar.backward_ms)]);
                    html! {
                        <li {title}>
                            <span class="bar-name">{ &bar.name }{ " " }<small class="muted">{ &bar.detail }</small></span>
                            <span class="bar-track profile-track">
                                <span class="bar profile-forward" ~style={width(bar.forward_ms)}></span>
                                <span class="bar profile-backward" ~style={width(bar.backward_ms)}></span>
                            </span>
                            <span class="bar-value">{ format!("{} ms", ms(bar.total_ms())) }</span>
                        </li>
                    }
                }) }
            </ul>
        </>
    }
}
