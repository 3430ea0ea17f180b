//! The context menu of the canvas, opened with the right button, a long press or the menu key.

use std::collections::BTreeSet;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use mtl_engine::design::edit::Edit;

use super::{
    dom,
    editor::{Editor, use_editor},
    picture,
    scene::Arrange,
    state::{Link, Target},
};
use crate::i18n::{Text, canvas::T, use_lang};

/// Properties of `Menu`.
#[derive(Properties, PartialEq)]
pub struct MenuProps {
    /// Position, in pixels of the canvas.
    pub at: [f64; 2],
    /// The item that was clicked.
    pub on: Target,
}

type Act = Box<dyn Fn(&Editor)>;

/// A menu item: label, tooltip, shortcut, action. `None` is a separator.
type Line = Option<(Text, Text, &'static str, Act)>;

fn line(text: Text, hint: Text, keys: &'static str, act: impl Fn(&Editor) + 'static) -> Line {
    Some((text, hint, keys, Box::new(act)))
}

fn lines(on: Target, editor: &Editor, at: [f64; 2]) -> Vec<Line> {
    let place = editor.canvas.view.get().to_design(at);
    match on {
        Target::Node(node) => node_lines(node, editor),
        Target::Wire(wire) => vec![
            line(T.insert_layer, T.insert_hint, "/", move |editor| {
                editor.open_search(Some(at), Link::On(wire))
            }),
            line(T.delete, T.delete_hint, "Del", Editor::delete_selection),
        ],
        Target::Note(note) => vec![
            line(T.write_note, T.note_hint, "Enter", move |editor| {
                editor.canvas.writing.set(Some(note))
            }),
            line(T.delete, T.delete_hint, "Del", Editor::delete_selection),
        ],
        Target::Block(block) => {
            let folded = editor
                .design()
                .blocks
                .get(block)
                .is_some_and(|block| block.folded);
            vec![
                line(
                    if folded { T.unfold } else { T.fold },
                    if folded { T.unfold_hint } else { T.fold_hint },
                    "Shift Enter",
                    move |editor| editor.toggle_fold(block),
                ),
                line(T.rename, T.rename_hint, "", Editor::write_name),
                line(T.duplicate, T.duplicate_hint, "Ctrl D", Editor::duplicate),
                line(T.ungroup, T.ungroup_hint, "Ctrl Shift G", move |editor| {
                    editor.edit(&Edit::Ungroup { block });
                }),
                None,
                line(T.delete, T.delete_hint, "Del", Editor::delete_selection),
            ]
        }
        _ => vec![
            line(T.add_layer, T.search_help, "/", move |editor| {
                editor.open_search(Some(at), Link::Free)
            }),
            line(T.add_note, T.note_hint, "", move |editor| {
                editor.add_note(Some(place))
            }),
            line(T.paste, T.paste_hint, "Ctrl V", move |editor| {
                editor.paste(Some(place))
            }),
            line(T.select_all, T.select_all_hint, "Ctrl A", Editor::select_all),
            None,
            line(T.lay_out, T.lay_out_help, "L", Editor::lay_out),
            line(T.fit, T.fit_help, "F", Editor::fit),
            line(T.lock_or_unlock, T.lock_help, "", Editor::toggle_lock),
            None,
            line(T.picture_svg, T.picture_svg_hint, "", picture::save_svg),
            line(T.picture_png, T.picture_png_hint, "", picture::save_png),
        ],
    }
}

fn node_lines(node: mtl_base::NodeId, editor: &Editor) -> Vec<Line> {
    let selected = editor.selection.get().nodes.clone();
    let design = editor.design();
    let frozen = design.node(node).is_some_and(|node| node.frozen);
    let mut lines = Vec::new();
    if selected.len() <= 1 {
        lines.push(line(T.settings, T.settings_hint, "Enter", Editor::write_name));
    }
    lines.extend([
        line(T.copy, T.copy_hint, "Ctrl C", Editor::copy),
        line(T.cut, T.cut_hint, "Ctrl X", Editor::cut),
        line(T.duplicate, T.duplicate_hint, "Ctrl D", Editor::duplicate),
        line(
            if frozen { T.unfreeze } else { T.freeze },
            if frozen { T.unfreeze_hint } else { T.freeze_help },
            "",
            move |editor| {
                let nodes: BTreeSet<_> = editor.selection.get().nodes.clone();
                editor.edit(&Edit::Freeze {
                    nodes,
                    frozen: !frozen,
                });
            },
        ),
        None,
        line(T.separate, T.separate_hint, "", Editor::separate),
    ]);
    if selected.len() > 1 {
        lines.push(line(T.share, T.share_hint, "", Editor::share));
        if selected.len() == 2 {
            lines.push(line(T.tie, T.tie_help, "", Editor::tie));
        }
        lines.push(None);
        let all = [
            (T.align_left, Arrange::Left),
            (T.align_centre, Arrange::Centre),
            (T.align_right, Arrange::Right),
            (T.align_top, Arrange::Top),
            (T.align_middle, Arrange::Middle),
            (T.align_bottom, Arrange::Bottom),
        ];
        lines.extend(
            all.into_iter()
                .map(|(text, how)| line(text, T.align_hint, "", move |editor| editor.arrange(how))),
        );
        if selected.len() > 2 {
            lines.push(line(T.distribute_across, T.distribute_hint, "", |editor| {
                editor.arrange(Arrange::Across)
            }));
            lines.push(line(T.distribute_down, T.distribute_hint, "", |editor| {
                editor.arrange(Arrange::Down)
            }));
        }
    }
    lines.push(None);
    lines.push(line(T.group, T.group_hint, "Ctrl G", Editor::group));
    if design
        .blocks
        .iter()
        .any(|block| !block.nodes.is_disjoint(&selected))
    {
        lines.push(line(T.ungroup, T.ungroup_hint, "Ctrl Shift G", Editor::ungroup));
    }
    lines.push(line(T.delete, T.delete_hint, "Del", Editor::delete_selection));
    lines
}

/// The context menu.
#[component]
pub fn Menu(props: &MenuProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let list = use_node_ref();
    // The finger that opened the menu by a long press is lifted over an item, which must not activate it.
    let pressed = use_mut_ref(|| false);
    let onpointerdown = {
        let pressed = Rc::clone(&pressed);
        Callback::from(move |_: PointerEvent| *pressed.borrow_mut() = true)
    };
    {
        let list = list.clone();
        use_effect_with((props.at, props.on), move |_| {
            if let Some(first) = list
                .cast::<HtmlElement>()
                .and_then(|list| list.query_selector("button").ok().flatten())
            {
                focus_item(&first);
            }
        });
    }
    let onkeydown = {
        let editor = editor.clone();
        Callback::from(move |event: KeyboardEvent| {
            let item = event
                .target()
                .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
            let Some(item) = item else { return };
            match event.key().as_str() {
                "ArrowDown" => step(&item, true),
                "ArrowUp" => step(&item, false),
                "Escape" | "Tab" => editor.canvas.popup.set(None),
                _ => return,
            }
            event.prevent_default();
            event.stop_propagation();
        })
    };
    let [width, height] = dom::surface_size(&editor.canvas.surface);
    let lines = lines(props.on, &editor, props.at);
    let tall = lines
        .iter()
        .map(|line| if line.is_some() { 32.0 } else { 9.0 })
        .sum::<f64>()
        + 12.0;
    let style = format!(
        "left: {}px; top: {}px; max-height: {}px",
        props.at[0].min(width - 250.0).max(4.0),
        props.at[1].min(height - tall).max(4.0),
        (height - 8.0).max(120.0)
    );
    html! {
        <div class="canvas-menu" role="menu" ref={list} aria-label={T.menu.get(lang)} ~{style} {onkeydown} {onpointerdown}>
            { for lines.into_iter().map(|line| match line {
                Some((text, hint, keys, act)) => {
                    let (editor, pressed) = (editor.clone(), Rc::clone(&pressed));
                    let onclick = Callback::from(move |event: MouseEvent| {
                        // A click from the keyboard has a count of 0.
                        if event.detail() > 0 && !*pressed.borrow() {
                            return;
                        }
                        editor.canvas.popup.set(None);
                        act(&editor);
                    });
                    html! {
                        <button type="button" role="menuitem" tabindex="-1" title={hint.get(lang)} {onclick}>
                            <span>{ text.get(lang) }</span><kbd>{ keys }</kbd>
                        </button>
                    }
                }
                None => html! { <hr /> },
            }) }
        </div>
    }
}

fn focus_item(item: &web_sys::Element) {
    if let Some(item) = item.dyn_ref::<HtmlElement>() {
        let _ = item.focus();
    }
}

fn step(from: &web_sys::Element, forward: bool) {
    let mut next = Some(from.clone());
    for _ in 0..3 {
        next = next.and_then(|item| {
            if forward {
                item.next_element_sibling()
            } else {
                item.previous_element_sibling()
            }
        });
        match &next {
            Some(item) if item.tag_name() == "BUTTON" => return focus_item(item),
            Some(_) => {}
            None => return,
        }
    }
}
