//! Components for nodes, wires, blocks and comments. They have no event listeners: the surface has them, and identifies
//! the target by its `data-` attributes. Each is rendered again only when its properties have changed.

use std::rc::Rc;

use mtl_engine::design::{WireId, check::Severity};
use yew::prelude::*;

use super::{
    dom,
    face::{Face, HandleFace, TEXT_WIDTH, fit_text, kind_key, kind_outline, two_lines},
    scene::{BLOCK_TITLE, Point, Rect, Side, wire_path},
    state::Handle,
};
use crate::{
    i18n::{canvas::T, fill, use_lang},
    state::{task_color, task_letter},
    work::{self, Counter},
};

/// Properties of `Node`.
#[derive(Properties, PartialEq)]
pub struct NodeProps {
    pub face: Rc<Face>,
    pub at: Point,
    /// Whether it is selected, which makes its handles focusable.
    pub selected: bool,
}

/// A node with its handles.
#[component]
pub fn NodeView(props: &NodeProps) -> Html {
    work::add(Counter::NodeViews, 1);
    let face = &*props.face;
    let [width, height] = face.size;
    let problem = face.problem.map(|severity| {
        if severity == Severity::Error {
            "error"
        } else {
            "warning"
        }
    });
    let bottom = height - 12.0;
    let style = face
        .task_idx
        .map(|task_idx| format!("--own: {}", task_color(task_idx)))
        .unwrap_or_default();
    let handles = |faces: &[HandleFace], side: Side| {
        faces
            .iter()
            .enumerate()
            .map(|(index, handle)| {
                let port = mtl_engine::design::Port {
                    node: face.id,
                    handle: index,
                };
                handle_view(handle, Handle { side, port }, props.selected)
            })
            .collect::<Html>()
    };
    html! {
        <g id={dom::node_id(face.id)} class="node" data-node={face.id.0.to_string()} data-reach={face.reach.key()}
            data-category={face.category} data-selected={props.selected.then_some("true")} data-problem={problem}
            transform={dom::translate(props.at)} ~{style}>
            <g class="node-body" role="button" tabindex="0" aria-label={face.label.clone()}
                aria-pressed={props.selected.to_string()}>
                <rect class="node-box" width={width.to_string()} height={height.to_string()} rx="9" />
            </g>
            // Beside the button, not in it, since the button's accessible name contains the same text.
            <g class="node-print" aria-hidden="true">
                { band(face) }
                { far_title(&face.far_title, face.size[1]) }
                <text class="node-title" x="18" y="25">{ face.title.clone() }</text>
                <text class="node-summary" x="18" y="44">{ face.summary.clone() }</text>
                <text class="node-shape" x="18" y={bottom.to_string()}>{ face.shape.clone() }</text>
                <text class="node-parameters" x={(width - 12.0).to_string()} y={bottom.to_string()}>
                    { face.parameters.clone() }
                </text>
                { letters(face) }
                if face.frozen {
                    <path class="node-frozen" transform={format!("translate({} {})", width - 15.0, 38.0)}
                        d="M0 -7v14M-6 -3.5l12 7M6 -3.5l-12 7" />
                }
                if problem.is_some() {
                    <g class="node-problem" transform={format!("translate({} {})", 14.0, -1.0)}>
                        <path d="M0 -10l10 18h-20z" /><text y="6">{ "!" }</text>
                    </g>
                }
            </g>
            { handles(&face.inputs, Side::Input) }
            { handles(&face.outputs, Side::Output) }
        </g>
    }
}

/// The name in large type, which replaces all else on a zoomed-out canvas.
fn far_title(lines: &[String], height: f32) -> Html {
    let middle = height / 2.0 + 7.0 - 12.0 * (lines.len() as f32 - 1.0);
    html! {
        <g class="node-far">
            { for lines.iter().enumerate().map(|(line, text)| html! {
                <text x="18" y={(middle + 24.0 * line as f32).to_string()}
                    textLength={(fit_text(text, TEXT_WIDTH, 20.0) != *text).then(|| TEXT_WIDTH.to_string())}
                    lengthAdjust="spacingAndGlyphs">{ text.clone() }</text>
            }) }
        </g>
    }
}

/// A bar on the left in the colours of the tasks whose losses reach the node.
fn band(face: &Face) -> Html {
    let top = 9.0;
    let length = face.size[1] - 2.0 * top;
    if face.tasks.is_empty() {
        return html! { <rect class="node-band-empty" x="7" y={top.to_string()} width="5" height={length.to_string()} rx="2.5" /> };
    }
    let gap = 1.5;
    let each = (length - gap * (face.tasks.len() as f32 - 1.0)) / face.tasks.len() as f32;
    face.tasks
        .iter()
        .enumerate()
        .map(|(place, task_idx)| {
            let y = top + place as f32 * (each + gap);
            html! {
                <rect x="7" y={y.to_string()} width="5" height={each.max(1.0).to_string()} rx="2.5"
                    fill={task_color(*task_idx)} />
            }
        })
        .collect()
}

/// The letters of the tasks, so that tasks are not distinguished by colour alone.
fn letters(face: &Face) -> Html {
    let shown = if face.tasks.len() > 4 { 3 } else { face.tasks.len() };
    let right = face.size[0] - 16.0;
    let rest = face.tasks.len() - shown;
    let first = right - 15.0 * (shown as f32 - 1.0) - if rest > 0 { 18.0 } else { 0.0 };
    html! {
        <g class="node-letters">
            { for face.tasks.iter().take(shown).enumerate().map(|(place, task_idx)| html! {
                <g transform={format!("translate({} 0)", first + 15.0 * place as f32)}>
                    <circle r="7" fill={task_color(*task_idx)} /><text y="3.5">{ task_letter(*task_idx) }</text>
                </g>
            }) }
            if rest > 0 {
                <text class="node-more" x={(right + 2.0).to_string()} y="-2">{ format!("+{rest}") }</text>
            }
        </g>
    }
}

fn handle_view(face: &HandleFace, handle: Handle, reached: bool) -> Html {
    html! {
        <g id={dom::handle_id(handle)} class="handle" data-handle={dom::handle_attribute(handle)}
            data-kind={kind_key(face.kind)} transform={dom::translate(face.at)} role="button"
            tabindex={if reached { "0" } else { "-1" }} aria-label={face.label.clone()}>
            <circle class="handle-hit" r="12" />
            <path class="handle-mark" d={kind_outline(face.kind, face.many)} />
        </g>
    }
}

/// Properties of `Wire`.
#[derive(Properties, PartialEq)]
pub struct WireProps {
    pub id: WireId,
    pub start: Point,
    pub end: Point,
    /// Its task, if there is only one.
    pub task_idx: Option<usize>,
    /// Whether no loss reaches it.
    pub idle: bool,
    pub problem: bool,
    /// Whether it is selected, and has grips at its ends.
    pub selected: bool,
    /// Whether it is focusable, because it or one of its nodes is selected.
    pub reached: bool,
    /// Text for screen readers.
    pub label: AttrValue,
}

/// A wire.
#[component]
pub fn WireView(props: &WireProps) -> Html {
    work::add(Counter::WireViews, 1);
    let lang = use_lang();
    let path = wire_path(props.start, props.end);
    let style = props
        .task_idx
        .map(|task_idx| format!("--own: {}", task_color(task_idx)))
        .unwrap_or_default();
    let id = props.id.0;
    let grip = |end: bool, [x, y]: Point| {
        let name = if end { "end" } else { "start" };
        let label = fill(if end { T.move_end } else { T.move_start }, lang, &[&props.label]);
        html! {
            <g class="grip" data-grip={format!("{id}:{name}")} role="button" tabindex="0" aria-label={label.clone()}
                transform={format!("translate({} {y})", if end { x - 16.0 } else { x + 16.0 })}>
                <title>{ label }</title>
                <circle class="handle-hit" r="12" /><circle class="grip-mark" r="5" />
            </g>
        }
    };
    html! {
        <>
            <g id={dom::wire_id(props.id)} class="wire" data-wire={id.to_string()} data-selected={props.selected.then_some("true")}
                data-problem={props.problem.then_some("true")} data-idle={props.idle.then_some("true")}
                data-private={props.task_idx.map(|_| "true")} role="button" tabindex={if props.reached { "0" } else { "-1" }}
                aria-label={props.label.clone()} aria-pressed={props.selected.to_string()} ~{style}>
                <path class="wire-hit" d={path.clone()} />
                <path class="wire-line" d={path} />
            </g>
            if props.selected {
                { grip(false, props.start) }
                { grip(true, props.end) }
            }
        </>
    }
}

/// Properties of `Block`.
#[derive(Properties, PartialEq)]
pub struct BlockProps {
    /// Index among the blocks.
    pub index: usize,
    pub rect: Rect,
    pub name: AttrValue,
    /// Description of its content.
    pub about: AttrValue,
    /// Whether it is drawn as one box.
    pub folded: bool,
    /// Whether all of its nodes are selected.
    pub selected: bool,
    /// Tasks whose losses reach one of its nodes.
    pub tasks: Vec<usize>,
}

/// A block: a frame around its nodes, or one box in their place.
#[component]
pub fn BlockView(props: &BlockProps) -> Html {
    let rect = props.rect;
    let each = (rect.height - 18.0) / props.tasks.len().max(1) as f32;
    html! {
        <g id={dom::block_id(props.index)} class="block" data-folded={props.folded.to_string()}
            data-selected={props.selected.then_some("true")} transform={dom::translate(rect.corner())}
            data-block={props.index.to_string()}>
            <g role="button" tabindex="0" aria-pressed={props.selected.to_string()}
                aria-expanded={(!props.folded).to_string()} aria-label={format!("{}, {}", props.name, props.about)}>
                <title>{ format!("{}, {}", props.name, props.about) }</title>
                if props.folded {
                    <rect class="block-shadow" x="5" y="5" width={rect.width.to_string()} height={rect.height.to_string()} rx="9" />
                }
                <rect class="block-box" width={rect.width.to_string()} height={rect.height.to_string()} rx="9" />
                if !props.folded {
                    <rect class="block-title-hit" width={rect.width.to_string()} height={BLOCK_TITLE.to_string()} />
                }
            </g>
            <g class="block-print" aria-hidden="true">
                if props.folded {
                    { for props.tasks.iter().enumerate().map(|(place, task_idx)| html! {
                        <rect x="7" y={(9.0 + each * place as f32).to_string()} width="5" height={(each - 1.5).max(1.0).to_string()}
                            rx="2.5" fill={task_color(*task_idx)} />
                    }) }
                    <text class="node-title" x="20" y="24">{ fit_text(&props.name, TEXT_WIDTH, 15.0) }</text>
                    <text class="node-summary" x="20" y="42">{ fit_text(&props.about, TEXT_WIDTH, 13.0) }</text>
                    { far_title(&two_lines(&props.name, TEXT_WIDTH, 20.0), rect.height) }
                } else {
                    <text class="block-title" x="12" y="17">{ props.name.clone() }</text>
                }
            </g>
        </g>
    }
}

/// Properties of `Note`.
#[derive(Properties, PartialEq)]
pub struct NoteProps {
    pub id: u32,
    pub text: AttrValue,
    pub at: Point,
    pub size: Point,
    pub selected: bool,
}

/// A comment.
#[component]
pub fn NoteView(props: &NoteProps) -> Html {
    let lang = use_lang();
    let [width, height] = props.size;
    let lines = wrap(
        &props.text,
        width - 20.0,
        13.0,
        ((height - 14.0) / 18.0).max(1.0) as usize,
    );
    let label = if props.text.is_empty() {
        T.empty_note.get(lang).to_owned()
    } else {
        fill(T.note_says, lang, &[&props.text])
    };
    html! {
        <g id={dom::note_id(props.id)} class="memo" data-note={props.id.to_string()} data-selected={props.selected.then_some("true")}
            transform={dom::translate(props.at)}>
            <g role="button" tabindex="0" aria-label={label} aria-pressed={props.selected.to_string()}>
                <rect class="memo-box" width={width.to_string()} height={height.to_string()} rx="4" />
            </g>
            <g aria-hidden="true">
                { for lines.into_iter().enumerate().map(|(line, text)| html! {
                    <text class="memo-text" x="10" y={(22 + 18 * line).to_string()}>{ text }</text>
                }) }
                if props.text.is_empty() {
                    <text class="memo-text memo-empty" x="10" y="22">{ T.empty_note.get(lang) }</text>
                }
            </g>
            <path class="memo-corner" data-note-corner={props.id.to_string()}
                transform={format!("translate({width} {height})")} d="M-15 0L0 -15L0 0z" />
        </g>
    }
}

/// Wraps `text` into lines of at most `width` pixels.
pub fn wrap(text: &str, width: f32, font_px: f32, max_lines: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for piece in paragraph.split_inclusive(|c: char| c == ' ' || (c as u32) >= 0x2E80) {
            let longer = format!("{line}{piece}");
            if !line.is_empty() && fit_text(longer.trim_end(), width, font_px) != longer.trim_end() {
                lines.push(std::mem::take(&mut line));
                line.push_str(piece);
            } else {
                line = longer;
            }
        }
        lines.push(line);
    }
    lines.truncate(max_lines);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_wrapped_between_words_and_between_characters() {
        assert_eq!(wrap("two words", 40.0, 13.0, 9), ["two ", "words"]);
        assert_eq!(wrap("共享层", 30.0, 13.0, 9), ["共享", "层"]);
        assert_eq!(wrap("a\nb\nc", 100.0, 13.0, 2), ["a", "b"]);
    }
}
