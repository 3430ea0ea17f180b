//! Conflict: whether the gradients of the tasks point the same way.

use std::{any::Any, rc::Rc};

use gloo_timers::callback::Interval;
use mtl_base::NodeId;
use mtl_training::protocol::{Conflict, FEW_COMMON_ROWS, GradientsCompared, Phase, pairs};
use yew::prelude::*;

use super::sentence;
use crate::{
    i18n::{Lang, fill, format, insight::T, use_lang},
    state::{Store, insight::ConflictState, task_letter, task_rgb, use_playground, use_selected, use_store},
    ui::{
        charts::{ChartData, ChartSource, LineChart, Series},
        watch::task_tag,
    },
};

/// While the run trains, it is looked at so often.
const LOOK_EVERY_MS: u32 = 700;
/// A cosine nearer to 0 says that the tasks have nothing to do with each other here.
const NEARLY_ZERO: f32 = 0.1;

/// Looks while the view is shown: now, after every evaluation and pause, and again and again while the run trains.
#[hook]
fn use_looks() -> Rc<ConflictState> {
    let playground = use_playground();
    let state = use_store(&playground.conflict);
    let evaluated = use_store(&playground.evaluated);
    let model = use_store(&playground.model);
    let (can_look, is_running, step) = use_selected(&playground.status, |status| {
        let is_running = status.phase == Phase::Running;
        (
            status.phase != Phase::NotReady,
            is_running,
            (!is_running).then_some(status.step),
        )
    });
    {
        let playground = playground.clone();
        use_effect_with((evaluated, model, can_look, step), move |(_, _, can_look, _)| {
            if *can_look {
                look(&playground);
            }
        });
    }
    use_effect_with(is_running, move |is_running| {
        let timer = is_running.then(|| Interval::new(LOOK_EVERY_MS, move || look(&playground)));
        move || drop(timer)
    });
    state
}

fn look(playground: &Rc<crate::state::Playground>) {
    let playground = playground.rc();
    wasm_bindgen_futures::spawn_local(async move {
        // A run that was replaced meanwhile is looked at again.
        let _ = playground.look_at_conflict().await;
    });
}

/// The view.
#[component]
pub fn ConflictView() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let state = use_looks();
    let document = use_store(&playground.document);
    let Some(conflict) = &state.latest else {
        return html! {
            <div class="figures-view insight" id="conflict" tabindex="0" aria-label={T.conflict.get(lang)}>
                <p role="status">{ T.looking.get(lang) }</p>
            </div>
        };
    };
    let name = |node: NodeId| {
        let node = document.design().node(node);
        node.map_or_else(String::new, |node| node.name.clone())
    };
    let shares = !conflict.layers.is_empty();
    html! {
        <div class="figures-view insight" id="conflict" tabindex="0" aria-label={T.conflict.get(lang)} data-step={conflict.step.to_string()}>
            <div class="insight-says" id="conflict-says" role="status">
                if shares {
                    { for says(conflict, &name, lang).iter().map(|text| html! { <p>{ sentence(text) }</p> }) }
                } else {
                    <p>{ T.nothing_shared.get(lang) }</p>
                }
            </div>
            if shares {
                <div class="insight-row">
                    { matrix(conflict, lang) }
                    <figure class="insight-chart">
                        <figcaption>{ T.over_time.get(lang) }</figcaption>
                        <Cosines lang={lang} />
                        <ul class="insight-shares">
                            { for pairs(conflict.tasks.len()).enumerate().map(|(pair, (a, b))| {
                                let known = || state.looks.iter().filter_map(|(_, cosines)| cosines.get(pair).copied().flatten());
                                let label = pair_name(conflict, a, b, lang);
                                let below = known().filter(|cosine| *cosine < 0.0).count();
                                html! { <li>{ fill(T.in_conflict, lang, &[&label, &below, &known().count()]) }</li> }
                            }) }
                        </ul>
                    </figure>
                </div>
                { layers(conflict, &name, lang) }
            }
            <p class="hint">
                { fill(T.conflict_about, lang, &[&format::count(conflict.step), &conflict.n_rows]) }{ " " }
                { T.conflict_no_verdict.get(lang) }
            </p>
        </div>
    }
}

fn pair_name(conflict: &Conflict, a: usize, b: usize, lang: Lang) -> String {
    fill(T.pair, lang, &[&conflict.tasks[a], &conflict.tasks[b]])
}

fn figure(cosine: Option<f32>) -> String {
    match cosine {
        Some(cosine) if cosine < 0.0 => format!("−{:.2}", -cosine),
        Some(cosine) => format!("{cosine:.2}"),
        None => "–".to_owned(),
    }
}

/// A sentence per pair of tasks.
fn says(conflict: &Conflict, name: &dyn Fn(NodeId) -> String, lang: Lang) -> Vec<String> {
    let mut told = Vec::new();
    for (pair, (a, b)) in pairs(conflict.tasks.len()).enumerate() {
        let (first, second) = (&conflict.tasks[a], &conflict.tasks[b]);
        let common = conflict.common_rows.get(pair).copied().unwrap_or(1.0);
        if common < FEW_COMMON_ROWS {
            let share = format!("{:.0} %", 100.0 * common);
            told.push(fill(T.few_common, lang, &[&share, first, second]));
            continue;
        }
        let overall = &conflict.overall;
        let Some(cosine) = overall.cosines.get(pair).copied().flatten() else {
            continue;
        };
        let noise = |gradients: &GradientsCompared, task: usize| gradients.noise.get(task).copied().flatten();
        let floor = noise(overall, a)
            .unwrap_or(1.0)
            .min(noise(overall, b).unwrap_or(1.0));
        let (of_a, of_b) = (noise(overall, a), noise(overall, b));
        told.push(if floor < NEARLY_ZERO {
            fill(
                T.only_noise,
                lang,
                &[first, second, &figure(Some(cosine)), &figure(of_a), &figure(of_b)],
            )
        } else if cosine <= -NEARLY_ZERO {
            // The layer with the most conflict.
            let worst = conflict
                .layers
                .iter()
                .filter_map(|layer| Some((layer, layer.gradients.cosines.get(pair).copied().flatten()?)))
                .min_by(|(_, a), (_, b)| a.total_cmp(b));
            match worst {
                Some((layer, cosine)) => {
                    let (of_a, of_b) = (noise(&layer.gradients, a), noise(&layer.gradients, b));
                    fill(
                        T.opposed,
                        lang,
                        &[
                            first,
                            second,
                            &name(layer.node),
                            &figure(Some(cosine)),
                            &figure(of_a),
                            &figure(of_b),
                        ],
                    )
                }
                None => fill(T.opposed_overall, lang, &[first, second, &figure(Some(cosine))]),
            }
        } else if cosine < NEARLY_ZERO {
            fill(T.unrelated, lang, &[first, second, &figure(Some(cosine))])
        } else {
            fill(T.agree, lang, &[first, second, &figure(Some(cosine))])
        });
    }
    told
}

/// A cell in the colour of its cosine: one colour for agreement, another for conflict.
fn cell(cosine: Option<f32>, label: String, is_noise: bool) -> Html {
    let strength = cosine.map_or(0.0, |cosine| 100.0 * cosine.abs().min(1.0));
    let class = match cosine {
        _ if is_noise => "cosine noise",
        Some(cosine) if cosine < 0.0 => "cosine opposed",
        _ => "cosine alike",
    };
    html! { <td {class} title={label} ~style={format!("--strength: {strength:.0}%")}>{ figure(cosine) }</td> }
}

/// Task by task over all shared parameters; the noise on the diagonal.
fn matrix(conflict: &Conflict, lang: Lang) -> Html {
    let gradients = &conflict.overall;
    let pair_of =
        |a: usize, b: usize| pairs(conflict.tasks.len()).position(|pair| pair == (a.min(b), a.max(b)));
    html! {
        <table class="metrics insight-matrix" id="conflict-matrix">
            <caption>{ T.all_shared.get(lang) }</caption>
            <thead>
                <tr>
                    <td></td>
                    { for (0..conflict.tasks.len()).map(|task| html! { <th scope="col">{ task_tag(task, &conflict.tasks[task]) }</th> }) }
                    <th scope="col">{ T.norm.get(lang) }</th>
                </tr>
            </thead>
            <tbody>
                { for (0..conflict.tasks.len()).map(|a| html! {
                    <tr key={a}>
                        <th scope="row">{ task_tag(a, &conflict.tasks[a]) }</th>
                        { for (0..conflict.tasks.len()).map(|b| {
                            if a == b {
                                let noise = gradients.noise.get(a).copied().flatten();
                                let label = fill(T.noise, lang, &[&conflict.tasks[a], &figure(noise)]);
                                return cell(noise, label, true);
                            }
                            let cosine = pair_of(a, b).and_then(|pair| gradients.cosines.get(pair).copied().flatten());
                            let label = fill(T.cosine, lang, &[&pair_name(conflict, a, b, lang), &figure(cosine)]);
                            cell(cosine, label, false)
                        }) }
                        <td>{ gradients.norms.get(a).copied().flatten().map_or_else(|| "–".to_owned(), |norm| format::figure(f64::from(norm))) }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}

/// Layer by layer, a column per pair.
fn layers(conflict: &Conflict, name: &dyn Fn(NodeId) -> String, lang: Lang) -> Html {
    html! {
        <table class="metrics insight-matrix" id="conflict-layers">
            <thead>
                <tr>
                    <th scope="col">{ T.layer.get(lang) }</th>
                    { for pairs(conflict.tasks.len()).map(|(a, b)| html! {
                        <th scope="col" title={pair_name(conflict, a, b, lang)}>{ task_letter(a) }{ " · " }{ task_letter(b) }</th>
                    }) }
                    { for (0..conflict.tasks.len()).map(|task| html! {
                        <th scope="col" title={T.norm.get(lang)}>{ "‖" }{ task_letter(task) }{ "‖" }</th>
                    }) }
                </tr>
            </thead>
            <tbody>
                { for conflict.layers.iter().map(|layer| {
                    let title = name(layer.node);
                    html! {
                        <tr key={layer.node.0}>
                            <th scope="row">{ &title }</th>
                            { for pairs(conflict.tasks.len()).enumerate().map(|(pair, (a, b))| {
                                let cosine = layer.gradients.cosines.get(pair).copied().flatten();
                                let pair = pair_name(conflict, a, b, lang);
                                cell(cosine, format!("{title} · {}", fill(T.cosine, lang, &[&pair, &figure(cosine)])), false)
                            }) }
                            { for layer.gradients.norms.iter().map(|norm| html! {
                                <td>{ norm.map_or_else(|| "–".to_owned(), |norm| format::figure(f64::from(norm))) }</td>
                            }) }
                        </tr>
                    }
                }) }
            </tbody>
        </table>
    }
}

#[derive(Properties, PartialEq)]
struct CosinesProps {
    lang: Lang,
}

/// The cosines over the steps.
#[component]
fn Cosines(props: &CosinesProps) -> Html {
    let playground = use_playground();
    let lang = props.lang;
    let source = use_memo(lang, |lang| {
        let source: Rc<dyn ChartSource> = Rc::new(CosineLines {
            conflict: playground.conflict.clone(),
            dark: playground.dark.clone(),
            lang: *lang,
        });
        source
    });
    html! { <LineChart source={(*source).clone()} label={T.over_time.get(lang)} empty={T.no_looks.get(lang)} /> }
}

struct CosineLines {
    conflict: Store<ConflictState>,
    dark: Store<bool>,
    lang: Lang,
}

impl ChartSource for CosineLines {
    fn data(&self) -> ChartData {
        let state = self.conflict.get();
        let Some(conflict) = &state.latest else {
            return ChartData::default();
        };
        let series = pairs(conflict.tasks.len())
            .enumerate()
            .map(|(pair, (a, b))| Series {
                label: pair_name(conflict, a, b, self.lang),
                // Two tasks have one pair; of more, each pair takes the next colour.
                rgb: task_rgb(pair, *self.dark.get()).into(),
                dashed: false,
                marked: state.looks.len() <= 60,
                faint: false,
                points: (state.looks.iter())
                    .filter_map(|(step, cosines)| {
                        Some((*step as f64, f64::from(cosines.get(pair).copied().flatten()?)))
                    })
                    .collect(),
            });
        ChartData {
            series: series.collect(),
            value_bounds: Some((-1.0, 1.0)),
            ..ChartData::default()
        }
    }

    fn subscribe(&self, on_change: Rc<dyn Fn()>) -> Box<dyn Any> {
        let of_theme = Rc::clone(&on_change);
        Box::new((
            self.conflict.subscribe(move |_| on_change()),
            self.dark.subscribe(move |_| of_theme()),
        ))
    }
}
