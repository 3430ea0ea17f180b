//! Inspection of a run: histograms of a layer's activations and parameters, and gradient norms per task.

use std::rc::Rc;

use mtl_base::NodeId;
use mtl_training::protocol::{Histogram, Inspection, Phase};
use yew::prelude::*;

use crate::{
    i18n::{Lang, fill, format, inside::T, use_lang},
    state::{task_color, task_letter, use_playground, use_selected, use_store},
    ui::histogram::histogram_view,
};

/// The inspection of the run, requested again when the run pauses, after every evaluation, and for another layer; `None` before
/// the first reply and while nothing can be trained.
#[hook]
fn use_inspection(node: Option<NodeId>) -> Option<Rc<Inspection>> {
    let playground = use_playground();
    let seen = use_state(|| None::<Rc<Inspection>>);
    let evaluated = use_store(&playground.evaluated);
    let model = use_store(&playground.model);
    // The step of a paused run; during training, evaluations trigger a request.
    let standing = use_selected(&playground.status, |status| {
        (
            status.phase != Phase::NotReady,
            (status.phase != Phase::Running).then_some(status.step),
        )
    });
    {
        let seen = seen.clone();
        use_effect_with(
            (node, evaluated, model, standing),
            move |(node, _, _, (can_train, _))| {
                let wanted = Rc::new(std::cell::Cell::new(true));
                if *can_train {
                    let (playground, node, still) = (playground.rc(), *node, Rc::clone(&wanted));
                    wasm_bindgen_futures::spawn_local(async move {
                        // A run that was replaced in the meantime is inspected again.
                        if let Ok(inspection) = playground.inspect(node).await
                            && still.get()
                        {
                            seen.set(Some(Rc::new(inspection)));
                        }
                    });
                } else {
                    seen.set(None);
                }
                move || wanted.set(false)
            },
        );
    }
    (*seen).clone()
}

/// Properties of `Inside`.
#[derive(Properties, PartialEq)]
pub struct InsideProps {
    pub node: NodeId,
}

/// Inspection of one layer.
#[component]
pub fn Inside(props: &InsideProps) -> Html {
    let lang = use_lang();
    let Some(inspection) = use_inspection(Some(props.node)) else {
        return Html::default();
    };
    // The reply for the previous layer is ignored.
    let Some(layer) = inspection.layer.as_ref().filter(|layer| layer.node == props.node) else {
        return html! { <section class="inspector-part"><h3>{ T.title.get(lang) }</h3><p class="muted small">{ T.looking.get(lang) }</p></section> };
    };
    let gradients = inspection
        .gradients
        .iter()
        .find(|gradients| gradients.node == props.node);
    html! {
        <section class="inspector-part inside" id="inside">
            <h3>{ T.title.get(lang) }</h3>
            <p class="muted small">{ fill(T.at_step, lang, &[&format::count(inspection.step), &inspection.n_rows]) }</p>
            { match &layer.activations {
                Some(histogram) => histogram_part(T.activations.get(lang), histogram, lang),
                None => html! { <p class="muted small">{ T.no_activations.get(lang) }</p> },
            } }
            { for layer.parameters.iter().map(|(name, histogram)| histogram_part(name, histogram, lang)) }
            if let Some(gradients) = gradients {
                <h4 title={T.gradients_help.get(lang)}>{ T.gradients.get(lang) }</h4>
                { gradient_bars(&inspection, &gradients.norms, lang) }
                <p class="muted small">{ T.gradients_help.get(lang) }</p>
            }
        </section>
    }
}

fn histogram_part(name: &str, histogram: &Histogram, lang: Lang) -> Html {
    let counts: Vec<u64> = histogram.counts.iter().map(|n| u64::from(*n)).collect();
    let total: u64 = counts.iter().sum::<u64>().max(1);
    let width = (histogram.max - histogram.min) / counts.len().max(1) as f32;
    let zeros = format!("{:.1}%", 100.0 * f64::from(histogram.n_zero) / total as f64);
    html! {
        <>
            <h4>{ name.to_owned() }</h4>
            { histogram_view(&counts, histogram.min, width, &fill(T.histogram_of, lang, &[&name])) }
            <p class="muted small">
                { fill(T.spread, lang, &[&format::figure(histogram.mean), &format::figure(histogram.deviation), &zeros]) }
            </p>
            if histogram.n_not_finite > 0 {
                <p class="inspector-problem">{ fill(T.not_finite, lang, &[&histogram.n_not_finite]) }</p>
            }
        </>
    }
}

fn gradient_bars(inspection: &Inspection, norms: &[Option<f32>], lang: Lang) -> Html {
    let largest = norms.iter().flatten().copied().fold(f32::MIN_POSITIVE, f32::max);
    html! {
        <ul class="bars">
            { for inspection.tasks.iter().zip(norms).enumerate().map(|(task_idx, (task, norm))| {
                let share = norm.map_or(0.0, |norm| 100.0 * norm / largest);
                let value = norm.map_or_else(|| T.not_reached.get(lang).to_owned(), |norm| format::figure(f64::from(norm)));
                html! {
                    <li ~style={format!("--task: {}", task_color(task_idx))}>
                        <span class="bar-name"><span class="task-mark">{ task_letter(task_idx) }</span>{ " " }{ task }</span>
                        <span class="bar-track"><span class="bar" ~style={format!("width:{share:.2}%")}></span></span>
                        <span class="bar-value">{ value }</span>
                    </li>
                }
            }) }
        </ul>
    }
}

/// Gradient norm of each task at each layer of the design.
#[component]
pub fn GradientTable() -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let document = use_store(&playground.document);
    let Some(inspection) = use_inspection(None) else {
        return Html::default();
    };
    let design = document.design();
    html! {
        <section class="inspector-part">
            <h3 title={T.gradients_help.get(lang)}>{ T.gradients_per_layer.get(lang) }</h3>
            <p class="muted small">{ fill(T.at_step, lang, &[&format::count(inspection.step), &inspection.n_rows]) }</p>
            <div class="inside-table" tabindex="0" role="group" aria-label={T.gradients_per_layer.get(lang)}>
                <table class="metrics">
                    <thead><tr>
                        <th scope="col">{ T.layer.get(lang) }</th>
                        { for inspection.tasks.iter().enumerate().map(|(task_idx, task)| html! {
                            <th scope="col" title={task.clone()}>
                                <span class="task-mark" ~style={format!("--task: {}", task_color(task_idx))}>{ task_letter(task_idx) }</span>
                            </th>
                        }) }
                    </tr></thead>
                    <tbody>
                        { for inspection.gradients.iter().filter_map(|layer| {
                            let node = design.node(layer.node)?;
                            Some(html! {
                                <tr>
                                    <th scope="row">{ &node.name }</th>
                                    { for layer.norms.iter().map(|norm| html! {
                                        <td>{ norm.map_or_else(|| "–".to_owned(), |norm| format::figure(f64::from(norm))) }</td>
                                    }) }
                                </tr>
                            })
                        }) }
                    </tbody>
                </table>
            </div>
        </section>
    }
}
