//! The tooltip of the canvas: the shape on a wire, the name of a handle, the problems of a node or the tasks that share it.

use mtl_base::text::Explain;
use yew::prelude::*;

use super::{
    dom,
    editor::{Editor, use_editor},
    face::reach_text,
    state::Target,
};
use crate::{
    i18n::{Lang, Message, canvas::T, fill_message, sentence, use_lang},
    state::use_store,
};

/// Text of the tooltip, and its position on the canvas in pixels.
pub type Hint = Option<([f64; 2], Message)>;

/// Shows the tooltip of `target`.
pub fn show(editor: &Editor, target: Target, client: [f64; 2]) {
    let hint = &editor.canvas.hint;
    match about(editor, target) {
        Some(message) => hint.set(Some((dom::on_surface(&editor.canvas.surface, client), message))),
        None => hide(editor),
    }
}

/// Hides the tooltip.
pub fn hide(editor: &Editor) {
    let hint = &editor.canvas.hint;
    if hint.get().is_some() {
        hint.set(None);
    }
}

fn about(editor: &Editor, target: Target) -> Option<Message> {
    let (design, checked) = (editor.design(), editor.checked.get());
    let problem = |is_meant: &dyn Fn(&mtl_engine::design::check::Problem) -> bool| {
        checked
            .problems
            .iter()
            .find(|problem| is_meant(problem))
            .map(|problem| sentence(&problem.explain()))
    };
    match target {
        Target::Wire(id) => {
            let wire = design.wires.iter().find(|wire| wire.id == id)?;
            let (from, to) = (design.node(wire.from.node)?, design.node(wire.to.node)?);
            problem(&|problem| problem.wire == Some(id)).or_else(|| {
                Some(match checked.wires.get(&id).copied().flatten() {
                    Some(shape) => fill_message(T.wire_shape, &[&from.name, &to.name, &shape]),
                    None => fill_message(T.wire_no_shape, &[&from.name, &to.name]),
                })
            })
        }
        Target::Handle(handle) => {
            let node = design.node(handle.port.node)?;
            let (name, kind) = match handle.side {
                super::scene::Side::Input => node
                    .layer
                    .inputs()
                    .get(handle.port.handle)
                    .map(|port| (port.name, port.kind.label()))?,
                super::scene::Side::Output => node
                    .layer
                    .outputs()
                    .get(handle.port.handle)
                    .map(|port| (port.name, port.kind.label()))?,
            };
            Some(Message::new(
                format!("{}: {}", name.en, kind.en),
                format!("{}：{}", name.zh, kind.zh),
            ))
        }
        Target::Node(id) => problem(&|problem| problem.node == Some(id)).or_else(|| {
            let tasks: Vec<usize> = checked.nodes.get(&id)?.tasks.iter().collect();
            Some(Message::new(
                reach_text(&tasks, &checked, Lang::En),
                reach_text(&tasks, &checked, Lang::Zh),
            ))
        }),
        _ => None,
    }
}

/// The tooltip of the canvas.
#[component]
pub fn HintView() -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let hint = use_store(&editor.canvas.hint);
    let drawing = use_store(&editor.canvas.drawing);
    let view = *editor.canvas.view.get();
    let (at, message, refused) = match (&*drawing, &*hint) {
        (Some(drawing), _) => match &drawing.over {
            Some((_, Err(why))) => (view.to_screen(drawing.at), sentence(why), true),
            _ => return Html::default(),
        },
        (None, Some((at, message))) => (*at, message.clone(), false),
        (None, None) => return Html::default(),
    };
    let [x, y] = at;
    let [width, _] = dom::surface_size(&editor.canvas.surface);
    let side = if x > width - 260.0 {
        format!("right: {}px", width - x + 8.0)
    } else {
        format!("left: {}px", x + 14.0)
    };
    html! {
        <div class="canvas-hint" data-refused={refused.to_string()} ~style={format!("{side}; top: {}px", y + 18.0)}>
            { message.get(lang) }
        </div>
    }
}
