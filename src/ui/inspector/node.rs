//! The inspector of one layer: name, description, settings, shapes, parameters, costs, and the tasks that share it.

use std::collections::BTreeSet;
use std::rc::Rc;

use mtl_base::{
    NodeId,
    settings::{Settings, Value},
    text::Explain,
};
use mtl_engine::design::{
    Node,
    check::{Checked, NodeReport},
    edit::{Edit, MAX_NAME_CHARS},
    fixes::fixes,
};
use web_sys::{HtmlInputElement, KeyboardEvent};
use yew::prelude::*;

use super::inside::Inside;
use crate::{
    i18n::{Lang, canvas::T, fill, format, sentence, use_lang},
    state::{task_color, task_letter, use_store},
    ui::{
        canvas::{
            editor::{Editor, use_editor},
            face::reach_text,
        },
        elements::{explained_fact, fact, icon_button},
        form::{SettingsForm, values_of},
        icon::{IconKind, sized_icon},
    },
};

/// Properties of `NodePanel`.
#[derive(Properties, PartialEq)]
pub struct NodePanelProps {
    pub node: NodeId,
}

/// The inspector of one layer.
#[component]
pub fn NodePanel(props: &NodePanelProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let checked = use_store(&editor.checked);
    let data = use_store(&editor.data);
    let Some(node) = document.design().node(props.node) else {
        return Html::default();
    };
    let id = node.id;
    let on_change = {
        let editor = editor.clone();
        Callback::from(move |(key, value): (&'static str, Value)| {
            editor.edit(&Edit::SetSetting {
                node: id,
                key: key.to_owned(),
                value,
            });
        })
    };
    let nothing = NodeReport::default();
    let report = checked.nodes.get(&id).unwrap_or(&nothing);
    let frozen = node.frozen;
    let freeze = {
        let editor = editor.clone();
        Callback::from(move |_: Event| {
            editor.edit(&Edit::Freeze {
                nodes: [id].into(),
                frozen: !frozen,
            });
        })
    };
    html! {
        <div class="inspector" data-category={node.layer.category().key()}>
            <NameBox key={id.0} value={node.name.clone()} label={if node.layer.is_head() { T.task_name } else { T.layer_name }}
                on_name={{
                    let editor = editor.clone();
                    Callback::from(move |name: String| { editor.edit(&Edit::Rename { node: id, name }); })
                }} />
            <p class="inspector-kind"><strong>{ node.layer.name().get(lang) }</strong>{ " · " }{ node.layer.category().label().get(lang) }</p>
            <details class="inspector-about">
                <summary title={T.about_hint.get(lang)}>{ T.what_it_computes.get(lang) }</summary>
                <p>{ node.layer.about().get(lang) }</p>
            </details>
            { problems(&editor, &checked, node, lang) }
            if node.layer.fields().is_empty() {
                <p class="muted small">{ T.no_settings.get(lang) }</p>
            } else {
                <SettingsForm fields={node.layer.fields()} values={values_of(&node.layer)} schema={Some(Rc::clone(&data.schema))} {on_change} />
            }
            if report.n_parameters > 0 {
                <label class="inspector-freeze" title={T.freeze_help.get(lang)}>
                    <input type="checkbox" class="switch" role="switch" checked={frozen} onchange={freeze} />
                    <span>{ T.frozen.get(lang) }</span>
                </label>
            }
            { sharing(report, &checked, lang) }
            { shapes(node, report, &checked, document.design(), lang) }
            { parameters(report, lang) }
            <Inside node={id} />
            { ties(&editor, &[id].into(), document.design(), lang) }
            { actions(&editor, lang) }
        </div>
    }
}

/// Properties of `NameBox`.
#[derive(Properties, PartialEq)]
pub struct NameBoxProps {
    pub value: AttrValue,
    /// Label of the box.
    pub label: crate::i18n::Text,
    /// Called with a new name.
    pub on_name: Callback<String>,
}

/// A text box for a name; Enter or blur commits, Escape discards.
#[component]
pub fn NameBox(props: &NameBoxProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let draft = use_state_eq(|| None::<String>);
    let oninput = {
        let draft = draft.clone();
        Callback::from(move |event: InputEvent| {
            let input: HtmlInputElement = event.target_unchecked_into();
            draft.set(Some(input.value()));
        })
    };
    let hand_over = {
        let (draft, on_name, value) = (draft.clone(), props.on_name.clone(), props.value.clone());
        move || {
            if let Some(name) = draft
                .as_ref()
                .map(|name| name.trim().to_owned())
                .filter(|name| *name != *value)
            {
                on_name.emit(name);
            }
            draft.set(None);
        }
    };
    let onblur = {
        let (hand_over, editor) = (hand_over.clone(), editor.clone());
        Callback::from(move |_: FocusEvent| {
            hand_over();
            editor.seal();
        })
    };
    let onkeydown = {
        let draft = draft.clone();
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" => hand_over(),
            "Escape" => draft.set(None),
            _ => {}
        })
    };
    let value = draft.as_ref().cloned().unwrap_or_else(|| props.value.to_string());
    html! {
        <label class="inspector-name">
            <span class="visually-hidden">{ props.label.get(lang) }</span>
            <input type="text" id="inspector-name" {value} maxlength={MAX_NAME_CHARS.to_string()} autocomplete="off" spellcheck="false"
                title={props.label.get(lang)} {oninput} {onblur} {onkeydown} />
        </label>
    }
}

fn problems(editor: &Editor, checked: &Checked, node: &Node, lang: Lang) -> Html {
    let own = checked
        .problems
        .iter()
        .filter(|problem| problem.node == Some(node.id));
    html! {
        <>
            { for own.map(|problem| {
                let offered = fixes(&editor.design(), checked, &editor.schema(), problem);
                html! {
                    <div class="inspector-problem" data-severity={format!("{:?}", problem.severity).to_lowercase()}>
                        <p>{ sized_icon(IconKind::Warning, 16) }{ sentence(&problem.explain()).get(lang).to_owned() }</p>
                        { for offered.into_iter().map(|fix| {
                            let (editor, label) = (editor.clone(), fix.label.clone());
                            html! {
                                <button type="button" class="button button-small" onclick={Callback::from(move |_: MouseEvent| {
                                    editor.edit_all(fix.label.clone(), &fix.edits);
                                })}>{ label.get(lang) }</button>
                            }
                        }) }
                    </div>
                }
            }) }
        </>
    }
}

/// Labels of tasks.
pub fn task_chips(tasks: impl IntoIterator<Item = usize>, checked: &Checked) -> Html {
    tasks
        .into_iter()
        .map(|task_idx| {
            let name = checked
                .tasks
                .get(task_idx)
                .map_or_else(String::new, |task| task.name.clone());
            html! {
                <span class="task-chip" ~style={format!("--own: {}", task_color(task_idx))}>
                    <b>{ task_letter(task_idx) }</b>{ name }
                </span>
            }
        })
        .collect()
}

fn sharing(report: &NodeReport, checked: &Checked, lang: Lang) -> Html {
    let tasks: Vec<usize> = report.tasks.iter().collect();
    html! {
        <section class="inspector-part">
            <h3>{ T.who_shares.get(lang) }</h3>
            <p>{ reach_text(&tasks, checked, lang) }</p>
            <p class="task-chips">{ task_chips(tasks, checked) }</p>
        </section>
    }
}

fn shapes(
    node: &Node,
    report: &NodeReport,
    checked: &Checked,
    design: &mtl_engine::design::Design,
    lang: Lang,
) -> Html {
    let into = design.wires.iter().filter(|wire| wire.to.node == node.id);
    let unknown = || "?".to_owned();
    html! {
        <section class="inspector-part">
            <h3>{ T.shapes.get(lang) }</h3>
            <dl class="inspector-list">
                { for into.map(|wire| {
                    let from = design.node(wire.from.node).map_or("", |node| node.name.as_str());
                    let shape = checked.wires.get(&wire.id).copied().flatten();
                    fact(format!("← {from}"), shape.map_or_else(unknown, |shape| shape.to_string()))
                }) }
                { for node.layer.outputs().iter().enumerate().map(|(index, port)| {
                    let shape = report.outputs.get(index).map_or_else(unknown, ToString::to_string);
                    fact(format!("→ {}", port.name.get(lang)), shape)
                }) }
            </dl>
        </section>
    }
}

fn parameters(report: &NodeReport, lang: Lang) -> Html {
    html! {
        <section class="inspector-part">
            <h3>{ T.cost.get(lang) }</h3>
            <dl class="inspector-list">
                { fact(T.parameters.get(lang), format::count(report.n_parameters as u64)) }
                { for report.parameters.iter().map(|(name, shape)| {
                    let shape = shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" × ");
                    html! { <><dt class="inspector-sub">{ *name }</dt><dd>{ shape }</dd></> }
                }) }
                { macs_fact(report.macs, lang) }
            </dl>
        </section>
    }
}

/// The multiply-adds of an example, as a fact.
pub fn macs_fact(macs: u64, lang: Lang) -> Html {
    explained_fact(T.macs.get(lang), Some(T.macs_help.get(lang)), format::count(macs))
}

/// The ties of one layer, or those between several, each with its strength.
pub fn ties(
    editor: &Editor,
    nodes: &BTreeSet<NodeId>,
    design: &mtl_engine::design::Design,
    lang: Lang,
) -> Html {
    let is_one = nodes.len() == 1;
    let own: Vec<_> = design
        .ties
        .iter()
        .filter(|tie| {
            let ends = [tie.a, tie.b].map(|end| nodes.contains(&end));
            if is_one {
                ends[0] || ends[1]
            } else {
                ends[0] && ends[1]
            }
        })
        .collect();
    if own.is_empty() {
        return Html::default();
    }
    html! {
        <section class="inspector-part">
            <h3>{ T.ties.get(lang) }</h3>
            { for own.into_iter().map(|tie| {
                let (a, b) = (tie.a, tie.b);
                let name = |id| design.node(id).map_or("", |node| node.name.as_str());
                let other = match (is_one, nodes.contains(&a)) {
                    (true, true) => name(b).to_owned(),
                    (true, false) => name(a).to_owned(),
                    (false, _) => format!("{} – {}", name(a), name(b)),
                };
                let set = {
                    let editor = editor.clone();
                    Callback::from(move |event: Event| {
                        let input: HtmlInputElement = event.target_unchecked_into();
                        match input.value().trim().parse::<f32>() {
                            Ok(strength) => { editor.edit(&Edit::SetTie { a, b, strength }); }
                            Err(_) => editor.refuse(T.not_a_number.into()),
                        }
                    })
                };
                let remove = {
                    let editor = editor.clone();
                    Callback::from(move |_: MouseEvent| { editor.edit(&Edit::RemoveTie { a, b }); })
                };
                html! {
                    <div class="inspector-tie">
                        <span>{ format!("~ {other}") }</span>
                        <input type="text" inputmode="decimal" aria-label={fill(T.tie_strength, lang, &[&other])} title={T.tie_help.get(lang)}
                            value={tie.strength.to_string()} onchange={set} />
                        { icon_button(IconKind::Close, 16, T.untie.get(lang), remove) }
                    </div>
                }
            }) }
        </section>
    }
}

/// A button for a command on the selection.
pub fn action(
    editor: &Editor,
    icon: Option<IconKind>,
    text: crate::i18n::Text,
    hint: crate::i18n::Text,
    lang: Lang,
    act: fn(&Editor),
) -> Html {
    let editor = editor.clone();
    html! {
        <button type="button" class="button button-small" title={hint.get(lang)} onclick={Callback::from(move |_: MouseEvent| act(&editor))}>
            if let Some(kind) = icon { { sized_icon(kind, 15) } }
            { text.get(lang) }
        </button>
    }
}

fn actions(editor: &Editor, lang: Lang) -> Html {
    html! {
        <div class="inspector-actions">
            { action(editor, None, T.duplicate, T.duplicate_hint, lang, Editor::duplicate) }
            { action(editor, None, T.separate, T.separate_hint, lang, Editor::separate) }
            { action(editor, Some(IconKind::Delete), T.delete, T.delete_hint, lang, Editor::delete_selection) }
        </div>
    }
}
