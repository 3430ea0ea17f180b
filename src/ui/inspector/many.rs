//! Several layers at once: share, separate, group, arrange.

use mtl_engine::design::{NodeId, edit::Edit};
use mtl_engine::ordered::OrderedSet;
use yew::prelude::*;

use super::node::{NameBox, action, task_chips};
use crate::{
    i18n::{canvas::T, fill, use_lang},
    state::use_store,
    ui::{
        canvas::{
            editor::{Editor, use_editor},
            scene::Arrange,
        },
        format,
        icon::IconKind,
    },
};

/// What the panel is told.
#[derive(Properties, PartialEq)]
pub struct ManyViewProps {
    /// Which layers.
    pub nodes: OrderedSet<NodeId>,
}

/// Several layers at once.
#[component]
pub fn ManyView(props: &ManyViewProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let checked = use_store(&editor.checked);
    let reports = || props.nodes.iter().filter_map(|node| checked.nodes.get(node));
    let n_parameters: usize = reports().map(|report| report.n_parameters).sum();
    let macs: u64 = reports().map(|report| report.macs).sum();
    let tasks: OrderedSet<usize> = reports()
        .flat_map(|report| report.tasks.iter().collect::<Vec<_>>())
        .collect();
    let block = document
        .design()
        .blocks
        .iter()
        .position(|block| block.nodes == props.nodes);
    let button = |text, act: fn(&Editor)| action(&editor, None, text, lang, act);
    html! {
        <div class="inspector">
            if let Some((index, block)) = block.and_then(|index| Some((index, document.design().blocks.get(index)?))) {
                <NameBox value={block.name.clone()} label={T.block} on_name={{
                    let editor = editor.clone();
                    Callback::from(move |name: String| { editor.edit(&Edit::RenameBlock { block: index, name }); })
                }} />
                <div class="inspector-actions">
                    <button type="button" class="button button-small" onclick={{
                        let editor = editor.clone();
                        Callback::from(move |_: MouseEvent| editor.toggle_fold(index))
                    }}>{ if block.folded { T.unfold } else { T.fold }.get(lang) }</button>
                </div>
            }
            <h3>{ fill(T.selected_many, lang, &[&props.nodes.len()]) }</h3>
            <dl class="inspector-list">
                <dt>{ T.parameters.get(lang) }</dt><dd>{ format::count(n_parameters as u64) }</dd>
                <dt title={T.macs_help.get(lang)}>{ T.macs.get(lang) }</dt><dd>{ format::count(macs) }</dd>
            </dl>
            <p class="task-chips">{ task_chips(tasks, &checked) }</p>
            <section class="inspector-part">
                <h3>{ T.sharing.get(lang) }</h3>
                <p class="muted small">{ T.sharing_help.get(lang) }</p>
                <div class="inspector-actions">
                    { button(T.separate, Editor::separate) }
                    { button(T.share, Editor::share) }
                    if props.nodes.len() == 2 { { button(T.tie, Editor::tie) } }
                </div>
            </section>
            <section class="inspector-part">
                <h3>{ T.block.get(lang) }</h3>
                <div class="inspector-actions">
                    { button(T.group, Editor::group) }
                    { button(T.ungroup, Editor::ungroup) }
                </div>
            </section>
            <section class="inspector-part">
                <h3>{ T.arrange.get(lang) }</h3>
                <div class="inspector-actions">
                    { button(T.align_left, |editor| editor.arrange(Arrange::Left)) }
                    { button(T.align_centre, |editor| editor.arrange(Arrange::Centre)) }
                    { button(T.align_right, |editor| editor.arrange(Arrange::Right)) }
                    { button(T.align_top, |editor| editor.arrange(Arrange::Top)) }
                    { button(T.align_middle, |editor| editor.arrange(Arrange::Middle)) }
                    { button(T.align_bottom, |editor| editor.arrange(Arrange::Bottom)) }
                    { button(T.distribute_across, |editor| editor.arrange(Arrange::Across)) }
                    { button(T.distribute_down, |editor| editor.arrange(Arrange::Down)) }
                </div>
            </section>
            <div class="inspector-actions">
                { button(T.copy, Editor::copy) }
                { button(T.duplicate, Editor::duplicate) }
                { action(&editor, Some(IconKind::Delete), T.delete, lang, Editor::delete_selection) }
            </div>
        </div>
    }
}
