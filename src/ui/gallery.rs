//! The dialogs in which presets and data sets are chosen.

use std::collections::BTreeMap;

use mtl_base::{
    NodeId,
    schema::{FeatureKind, FeatureSchema, LabelKind, LabelSchema, Schema},
    text::Message,
};
use mtl_data::datasets::{self, Origin};
use mtl_engine::design::{
    Design,
    graph::descendants,
    layout::{DEFAULT_SIZE, layout},
    presets::{self, Preset},
};
use yew::prelude::*;

use super::{
    dialog::Dialog,
    icon::{IconKind, sized_icon},
};
use crate::{
    i18n::{canvas, fill, format, shell::T, use_lang},
    state::{data, task_color, use_playground, use_store},
};

/// Properties of `Sheet`.
#[derive(Properties, PartialEq)]
pub struct SheetProps {
    /// Called when the user closes it.
    pub on_close: Callback<()>,
}

/// All presets, with a thumbnail of each graph.
#[component]
pub fn PresetSheet(props: &SheetProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    html! {
        <Dialog title={T.presets_title.get(lang)} on_close={props.on_close.clone()} wide=true>
            <p class="muted">{ T.presets_about.get(lang) }</p>
            <div class="gallery">
                <EmptyCard on_close={props.on_close.clone()} />
                { for presets::all().iter().map(|preset| {
                    let (this, on_close) = (playground.clone(), props.on_close.clone());
                    let onclick = Callback::from(move |_: MouseEvent| {
                        on_close.emit(());
                        let playground = this.rc();
                        this.attempt(async move { playground.open_preset(preset.key).await });
                    });
                    let data_name = data::info(preset.data).map_or_else(String::new, |info| info.name.get(lang).to_owned());
                    html! {
                        <button type="button" class="card" data-preset={preset.key} title={T.preset_hint.get(lang)} {onclick}>
                            <Thumbnail design={pictured(preset, &playground.schema())} />
                            <strong>{ preset.name.get(lang) }</strong>
                            <p>{ preset.about.get(lang) }</p>
                            <small class="muted">{ fill(T.data_used, lang, &[&data_name]) }</small>
                        </button>
                    }
                }) }
            </div>
        </Dialog>
    }
}

/// The entry for an empty design.
#[component]
fn EmptyCard(props: &SheetProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let (this, on_close) = (playground, props.on_close.clone());
    let onclick = Callback::from(move |_: MouseEvent| {
        on_close.emit(());
        let design = Design::new(canvas::T.own_design.get(this.preferences.get().lang));
        let _opened = this.put_design(design, canvas::T.start_empty.into());
    });
    html! {
        <button type="button" class="card" data-preset="empty" title={T.preset_hint.get(lang)} {onclick}>
            <span class="card-graph card-empty">{ sized_icon(IconKind::Plus, 36) }</span>
            <strong>{ canvas::T.start_empty.get(lang) }</strong>
            <p>{ canvas::T.start_empty_about.get(lang) }</p>
        </button>
    }
}

/// All data sets, with description, source, and whether this site has them.
#[component]
pub fn DataSheet(props: &SheetProps) -> Html {
    let lang = use_lang();
    let playground = use_playground();
    let state = use_store(&playground.data);
    html! {
        <Dialog title={T.data_title.get(lang)} on_close={props.on_close.clone()} wide=true>
            <p class="muted">{ T.data_about.get(lang) }</p>
            <div class="gallery">
                { for datasets::ALL.iter().map(|entry| {
                    let info = (entry.info)();
                    let available = state.is_available(entry.key);
                    let size = state.index.as_ref().and_then(|index| index.find(entry.key)).map(|found| {
                        fill(T.rows_and_bytes, lang, &[&format::count(found.rows), &format::bytes(found.bytes)])
                    });
                    let (this, on_close) = (playground.clone(), props.on_close.clone());
                    let onclick = Callback::from(move |_: MouseEvent| {
                        on_close.emit(());
                        let playground = this.rc();
                        this.attempt(async move { playground.load_named(entry.key).await });
                    });
                    let is_loaded = state.report.is_some() && state.key() == entry.key;
                    html! {
                        <button type="button" class="card" data-dataset={entry.key} aria-current={is_loaded.then_some("true")}
                            disabled={!available} title={if available { T.data_choose_hint } else { T.not_fetched }.get(lang)} {onclick}>
                            <strong>
                                { info.name.get(lang) }
                                if is_loaded { <span class="badge badge-live">{ T.data_loaded.get(lang) }</span> }
                            </strong>
                            <p>{ info.description.get(lang) }</p>
                            <small class="muted">{ info.attribution.get(lang) }{ " · " }{ &info.licence }</small>
                            <small class={if available { "muted" } else { "card-missing" }}>
                                { match (entry.origin, size) {
                                    (Origin::Generated, _) => T.source_generated.get(lang).to_owned(),
                                    (Origin::Packaged, Some(size)) => size,
                                    (Origin::Packaged, None) => T.not_fetched.get(lang).to_owned(),
                                } }
                            </small>
                        </button>
                    }
                }) }
            </div>
        </Dialog>
    }
}

/// The preset's design for this data set, or for a suitable one where this data set lacks features or labels.
fn pictured(preset: &Preset, schema: &Schema) -> Design {
    if preset.fits(schema) {
        return preset.design(schema);
    }
    let name = |key: &str| Message::new(key, key);
    let feature = |key: &str, kind| FeatureSchema {
        key: key.to_owned(),
        name: name(key),
        kind,
    };
    let label = |key: &str, kind| LabelSchema {
        key: key.to_owned(),
        name: name(key),
        kind,
        classes: Vec::new(),
    };
    let (ids, classes) = (
        FeatureKind::Id { cardinality: 10 },
        LabelKind::Classes { n_classes: 10 },
    );
    let text = feature(
        "text",
        FeatureKind::Tokens {
            length: 8,
            cardinality: 100,
        },
    );
    let with_text = Schema {
        features: vec![text],
        labels: vec![label("domain", classes), label("sentiment", classes)],
    };
    let with_ids = Schema {
        features: vec![feature("user", ids), feature("item", ids)],
        labels: vec![
            label("click", LabelKind::Binary),
            label("conversion", LabelKind::Binary),
            label("next_item", classes),
            label("next_user", classes),
        ],
    };
    preset.design(if preset.fits(&with_text) {
        &with_text
    } else {
        &with_ids
    })
}

/// Properties of `Thumbnail`.
#[derive(Properties, PartialEq)]
pub struct ThumbnailProps {
    pub design: Design,
}

/// A thumbnail of a graph: boxes and wires in the colour of the task, grey where tasks share.
#[component]
pub fn Thumbnail(props: &ThumbnailProps) -> Html {
    let design = &props.design;
    let places = layout(design, &BTreeMap::new());
    let [width, height] = DEFAULT_SIZE;
    let (mut right, mut bottom, mut left, mut top) = (f32::MIN, f32::MIN, f32::MAX, f32::MAX);
    for [x, y] in places.values() {
        (left, top) = (left.min(*x), top.min(*y));
        (right, bottom) = (right.max(x + width), bottom.max(y + height));
    }
    if places.is_empty() {
        return Html::default();
    }
    let heads = design.heads().map(|head| head.id).collect::<Vec<_>>();
    let color = |node: NodeId| {
        let reached = descendants(&design.wires, node, |_| true);
        let mut tasks = heads
            .iter()
            .enumerate()
            .filter(|(_, head)| reached.contains(head));
        match (tasks.next(), tasks.next()) {
            (Some((task_idx, _)), None) => task_color(task_idx),
            _ => "var(--text-2)".to_owned(),
        }
    };
    let pad = 24.0;
    html! {
        <svg class="card-graph" aria-hidden="true" preserveAspectRatio="xMidYMid meet"
            viewBox={format!("{} {} {} {}", left - pad, top - pad, right - left + 2.0 * pad, bottom - top + 2.0 * pad)}>
            { for design.wires.iter().filter_map(|wire| {
                let ([x1, y1], [x2, y2]) = (places.get(&wire.from.node)?, places.get(&wire.to.node)?);
                let (x1, y1, x2, y2) = (x1 + width, y1 + height / 2.0, *x2, y2 + height / 2.0);
                let bend = ((x2 - x1) / 2.0).max(20.0);
                let path = format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2 - bend);
                Some(html! { <path d={path} fill="none" stroke="var(--line-strong)" stroke-width="5" /> })
            }) }
            { for places.iter().map(|(node, [x, y])| {
                let style = format!("fill: {}", color(*node));
                let is_head = heads.contains(node);
                html! {
                    <rect ~{style} x={x.to_string()} y={y.to_string()} width={width.to_string()} height={height.to_string()}
                        rx={if is_head { "37" } else { "14" }} opacity={if is_head { "1" } else { "0.75" }} />
                }
            }) }
        </svg>
    }
}
