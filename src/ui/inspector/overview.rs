//! The inspector of the whole design: tasks, shared and private parameters.

use yew::prelude::*;

use super::{
    inside::GradientTable,
    node::{macs_fact, task_chips},
};
use crate::{
    i18n::{canvas::T, format, use_lang},
    state::use_store,
    ui::{canvas::editor::Editor, elements::fact},
};

/// Properties of `Overview`.
#[derive(Properties, PartialEq)]
pub struct OverviewProps {
    /// The commands.
    pub editor: Editor,
}

/// The inspector of the whole design.
#[component]
pub fn Overview(props: &OverviewProps) -> Html {
    let lang = use_lang();
    let editor = &props.editor;
    let checked = use_store(&editor.checked);
    let counts = checked.parameters;
    let rows = [
        (T.parameters, counts.total),
        (T.shared_parameters, counts.shared),
        (T.private_parameters, counts.private),
        (T.idle_parameters, counts.idle),
    ];
    html! {
        <div class="inspector">
            <p class="muted">{ T.nothing_selected.get(lang) }</p>
            <section class="inspector-part">
                <h3>{ T.whole_design.get(lang) }</h3>
                <dl class="inspector-list">
                    { for rows.into_iter().map(|(text, count)| fact(text.get(lang), format::count(count as u64))) }
                    { macs_fact(checked.macs, lang) }
                </dl>
            </section>
            <section class="inspector-part">
                <h3>{ T.tasks.get(lang) }</h3>
                if checked.tasks.is_empty() { <p class="muted small">{ T.no_tasks.get(lang) }</p> }
                <ul class="inspector-tasks">
                    { for checked.tasks.iter().enumerate().map(|(task_idx, task)| {
                        let (editor, node) = (editor.clone(), task.node);
                        html! {
                            <li>
                                <button type="button" title={T.go_to_head.get(lang)} onclick={Callback::from(move |_: MouseEvent| editor.reveal(node))}>
                                    { task_chips([task_idx], &checked) }
                                </button>
                                <span>{ crate::i18n::fill(T.task_counts, lang, &[
                                    &format::count(task.n_parameters as u64), &format::count(task.n_private as u64)
                                ]) }</span>
                            </li>
                        }
                    }) }
                </ul>
            </section>
            <GradientTable />
        </div>
    }
}
