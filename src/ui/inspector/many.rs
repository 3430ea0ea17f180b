//! The inspector of several layers: share, separate, group, arrange.

use std::collections::BTreeSet;

use mtl_base::NodeId;
use mtl_engine::design::edit::Edit;
use yew::prelude::*;

use super::node::{NameBox, action, macs_fact, task_chips, ties};
use crate::{
    i18n::{canvas::T, fill, format, use_lang},
    state::use_store,
    ui::{
        canvas::{
            editor::{Editor, use_editor},
            scene::Arrange,
        },
        elements::fact,
        icon::IconKind,
    },
};

/// Properties of `ManyView`.
#[derive(Properties, PartialEq)]
pub struct ManyViewProps {
    pub nodes: BTreeSet<NodeId>,
}

/// The inspector of several layers.
#[component]
pub fn ManyView(props: &ManyViewProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let checked = use_store(&editor.checked);
    let reports = || props.nodes.iter().filter_map(|node| checked.nodes.get(node));
    let n_parameters: usize = reports().map(|report| report.n_parameters).sum();
    let macs: u64 = reports().map(|report| report.macs).sum();
    let tasks: BTreeSet<usize> = reports()
        .flat_map(|report| report.tasks.iter().collect::<Vec<_>>())
        .collect();
    let block = document
        .design()
        .blocks
        .iter()
        .position(|block| block.nodes == props.nodes);
    let button = |text, hint, act: fn(&Editor)| action(&editor, None, text, hint, lang, act);
    html! {
        <div class="inspector">
            if let Some((index, block)) = block.and_then(|index| Some((index, document.design().blocks.get(index)?))) {
                <NameBox value={block.name.clone()} label={T.block} on_name={{
                    let editor = editor.clone();
                    Callback::from(move |name: String| { editor.edit(&Edit::RenameBlock { block: index, name }); })
                }} />
                <div class="inspector-actions">
                    <button type="button" class="button button-small" title={if block.folded { T.unfold_hint } else { T.fold_hint }.get(lang)} onclick={{
                        let editor = editor.clone();
                        Callback::from(move |_: MouseEvent| editor.toggle_fold(index))
                    }}>{ if block.folded { T.unfold } else { T.fold }.get(lang) }</button>
                </div>
            }
            <h3>{ fill(T.selected_many, lang, &[&props.nodes.len()]) }</h3>
            <dl class="inspector-list">
                { fact(T.parameters.get(lang), format::count(n_parameters as u64)) }
                { macs_fact(macs, lang) }
            </dl>
            <p class="task-chips">{ task_chips(tasks, &checked) }</p>
            <section class="inspector-part">
                <h3>{ T.sharing.get(lang) }</h3>
                <p class="muted small">{ T.sharing_help.get(lang) }</p>
                <div class="inspector-actions">
                    { button(T.separate, T.separate_hint, Editor::separate) }
                    { button(T.share, T.share_hint, Editor::share) }
                    if props.nodes.len() == 2 { { button(T.tie, T.tie_help, Editor::tie) } }
                </div>
            </section>
            { ties(&editor, &props.nodes, document.design(), lang) }
            <section class="inspector-part">
                <h3>{ T.block.get(lang) }</h3>
                <div class="inspector-actions">
                    { button(T.group, T.group_hint, Editor::group) }
                    { button(T.ungroup, T.ungroup_hint, Editor::ungroup) }
                </div>
            </section>
            <section class="inspector-part">
                <h3>{ T.arrange.get(lang) }</h3>
                <div class="inspector-actions">
                    { button(T.align_left, T.align_hint, |editor| editor.arrange(Arrange::Left)) }
                    { button(T.align_centre, T.align_hint, |editor| editor.arrange(Arrange::Centre)) }
                    { button(T.align_right, T.align_hint, |editor| editor.arrange(Arrange::Right)) }
                    { button(T.align_top, T.align_hint, |editor| editor.arrange(Arrange::Top)) }
                    { button(T.align_middle, T.align_hint, |editor| editor.arrange(Arrange::Middle)) }
                    { button(T.align_bottom, T.align_hint, |editor| editor.arrange(Arrange::Bottom)) }
                    { button(T.distribute_across, T.distribute_hint, |editor| editor.arrange(Arrange::Across)) }
                    { button(T.distribute_down, T.distribute_hint, |editor| editor.arrange(Arrange::Down)) }
                </div>
            </section>
            <div class="inspector-actions">
                { button(T.copy, T.copy_hint, Editor::copy) }
                { button(T.duplicate, T.duplicate_hint, Editor::duplicate) }
                { action(&editor, Some(IconKind::Delete), T.delete, T.delete_hint, lang, Editor::delete_selection) }
            </div>
        </div>
    }
}
