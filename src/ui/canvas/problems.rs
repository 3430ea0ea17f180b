//! The list of problems: description, location, and buttons that go there or apply a fix. It never blocks the canvas.

use mtl_base::text::Explain;
use mtl_engine::design::{
    check::{Problem, Severity},
    fixes::fixes,
};
use yew::prelude::*;

use super::editor::use_editor;
use crate::{
    i18n::{canvas::T, fill, sentence, use_lang},
    state::use_store,
    ui::icon::{IconKind, sized_icon},
};

/// A button with the number of problems, and the list when it is open.
#[component]
pub fn Problems() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let checked = use_store(&editor.checked);
    let open = use_state_eq(|| false);
    let shown: Vec<&Problem> = checked.problems.iter().collect();
    let n_errors = shown
        .iter()
        .filter(|problem| problem.severity == Severity::Error)
        .count();
    let (state, label) = match (n_errors, shown.len() - n_errors) {
        (0, 0) => ("none", T.no_problems.get(lang).to_owned()),
        (0, warnings) => (
            "warning",
            fill(
                if warnings == 1 { T.one_warning } else { T.warnings },
                lang,
                &[&warnings],
            ),
        ),
        (errors, _) => (
            "error",
            fill(
                if errors == 1 { T.one_problem } else { T.problems },
                lang,
                &[&errors],
            ),
        ),
    };
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    html! {
        <div class="canvas-problems" data-state={state}>
            if *open && !shown.is_empty() {
                <ul id="problem-list" aria-label={T.problem_list.get(lang)}>
                    { for shown.iter().map(|problem| problem_view(problem, &editor, lang)) }
                </ul>
            }
            <button type="button" class="problems-count" title={T.problems_hint.get(lang)} aria-expanded={(*open && !shown.is_empty()).to_string()}
                aria-controls="problem-list" disabled={shown.is_empty()} onclick={toggle}>
                { sized_icon(if shown.is_empty() { IconKind::Tick } else { IconKind::Warning }, 16) }
                <span>{ label }</span>
            </button>
        </div>
    }
}

fn problem_view(problem: &Problem, editor: &super::editor::Editor, lang: crate::i18n::Lang) -> Html {
    let go = {
        let (editor, node, wire) = (editor.clone(), problem.node, problem.wire);
        Callback::from(move |_: MouseEvent| {
            if let Some(node) = node {
                editor.reveal(node);
            } else if let Some(wire) = wire {
                if let Some(found) = editor.design().wires.iter().find(|other| other.id == wire) {
                    editor.reveal(found.to.node);
                }
                editor.select_wire(wire);
            }
        })
    };
    let kind = if problem.severity == Severity::Error {
        "error"
    } else {
        "warning"
    };
    html! {
        <li data-severity={kind}>
            <button type="button" class="problem-text" title={T.problem_hint.get(lang)} onclick={go}>{ sentence(&problem.explain()).get(lang).to_owned() }</button>
            { for fixes(&editor.design(), &editor.checked.get(), &editor.schema(), problem).into_iter().map(|fix| {
                let editor = editor.clone();
                let label = fix.label.clone();
                html! {
                    <button type="button" class="problem-fix" onclick={Callback::from(move |_: MouseEvent| {
                        editor.edit_all(fix.label.clone(), &fix.edits);
                    })}>{ label.get(lang) }</button>
                }
            }) }
        </li>
    }
}
