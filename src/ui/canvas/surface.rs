//! The drawing surface: an SVG with the design, and its event listeners.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use gloo_events::{EventListener, EventListenerOptions};
use mtl_engine::design::{Design, check::Checked};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, MouseEvent, PointerEvent, WheelEvent};
use yew::prelude::*;

use super::{
    dom,
    editor::{Editor, use_editor},
    face::{Face, faces},
    gesture::Controller,
    keyboard,
    scene::{Scene, Side, wire_path},
    views::{BlockView, NodeView, NoteView, WireView},
};
use crate::{
    i18n::{Lang, canvas::T, fill, format, use_lang},
    state::use_store,
};

/// Properties of `Surface`.
#[derive(Properties, PartialEq)]
pub struct SurfaceProps {
    /// The canvas with its bars, on which keys are handled.
    pub frame: NodeRef,
}

/// The drawing surface.
#[component]
pub fn Surface(props: &SurfaceProps) -> Html {
    let lang = use_lang();
    let editor = use_editor();
    let document = use_store(&editor.document);
    let checked = use_store(&editor.checked);
    let selection = use_store(&editor.selection);
    let notes = use_store(&editor.canvas.notes);
    let design = Rc::clone(document.design());
    let scene = use_memo(document, |document| Scene::new(document.design()));
    let faces = use_memo(
        (Rc::clone(&design), Rc::clone(&checked), lang),
        |(design, checked, lang)| {
            faces(design, checked, *lang)
                .into_iter()
                .map(Rc::new)
                .collect::<Vec<Rc<Face>>>()
        },
    );
    let controller = use_memo((), |()| Controller::new(editor.clone()));
    use_listeners(&editor, &controller, &props.frame);
    {
        let controller = Rc::clone(&controller);
        use_effect_with((Rc::clone(&selection), Rc::clone(&design)), move |_| {
            controller.light()
        });
    }
    use_follow(&editor, &design);

    let nothing = BTreeMap::new();
    let block_views = design.blocks.iter().enumerate().filter_map(|(index, block)| {
        let rect = scene.block(index, &nothing)?;
        let tasks: BTreeSet<usize> = block
            .nodes
            .iter()
            .filter_map(|node| checked.nodes.get(node))
            .flat_map(|report| report.tasks.iter().collect::<Vec<_>>())
            .collect();
        let n_parameters: usize =
            block.nodes.iter().filter_map(|node| checked.nodes.get(node)).map(|report| report.n_parameters).sum();
        let about = fill(T.block_about, lang, &[&block.nodes.len(), &format::short_count(n_parameters as f64, lang)]);
        let selected = block.nodes.is_subset(&selection.nodes);
        Some(html! {
            <BlockView key={index} {index} {rect} name={block.name.clone()} {about} folded={block.folded} {selected}
                tasks={tasks.into_iter().collect::<Vec<_>>()} />
        })
    });
    let wire_views = design.wires.iter().filter_map(|wire| {
        let (start, end) = scene.ends(wire.id, &nothing)?;
        let tasks = checked
            .nodes
            .get(&wire.to.node)
            .map(|report| report.tasks)
            .unwrap_or_default();
        let selected = selection.wires.contains(&wire.id);
        let reached =
            selected || selection.nodes.contains(&wire.from.node) || selection.nodes.contains(&wire.to.node);
        Some(html! {
            <WireView key={wire.id.0} id={wire.id} {start} {end} {selected} {reached}
                task_idx={(tasks.len() == 1).then(|| tasks.iter().next()).flatten()} idle={tasks.is_empty()}
                problem={checked.problems.iter().any(|problem| problem.wire == Some(wire.id))}
                label={wire_label(&design, &checked, wire, lang)} />
        })
    });
    let tie_views = design.ties.iter().filter_map(|tie| {
        let (a, b) = (scene.nodes.get(&tie.a)?, scene.nodes.get(&tie.b)?);
        let ([x1, _], [x2, _]) = (a.middle(), b.middle());
        let (y1, y2) = if a.y < b.y { (a.bottom(), b.y) } else { (a.y, b.bottom()) };
        Some(html! { <path class="tie" d={format!("M{x1} {y1}C{x1} {} {x2} {} {x2} {y2}", f32::midpoint(y1, y2), f32::midpoint(y1, y2))} /> })
    });
    let node_views = design.nodes.iter().zip(faces.iter()).filter_map(|(node, face)| {
        let rect = scene.nodes.get(&node.id)?;
        if scene.folded_in(node.id).is_some() {
            return None;
        }
        let selected = selection.nodes.contains(&node.id);
        Some(html! { <NodeView key={node.id.0} face={Rc::clone(face)} at={rect.corner()} {selected} /> })
    });
    let note_views = design.notes.iter().map(|note| {
        html! {
            <NoteView key={note.id} id={note.id} text={note.text.clone()} at={note.position} size={note.size}
                selected={notes.contains(&note.id)} />
        }
    });
    html! {
        <svg ref={editor.canvas.surface.clone()} class="canvas-surface" role="group" tabindex="-1" aria-label={T.canvas.get(lang)}
            aria-describedby="canvas-keys">
            <defs>
                <pattern id="canvas-grid" width="15" height="15" patternUnits="userSpaceOnUse">
                    <circle class="grid-dot" cx="0.75" cy="0.75" r="0.75" />
                </pattern>
            </defs>
            <rect class="canvas-ground" width="100%" height="100%" fill="url(#canvas-grid)" />
            <g class="world">
                <g>{ for note_views }</g>
                <g>{ for block_views }</g>
                <g>{ for wire_views }</g>
                <g>{ for tie_views }</g>
                <g>{ for node_views }</g>
                <LooseWire />
                <Lasso />
            </g>
        </svg>
    }
}

/// Removes deleted items from the selection, and resets the view when another design was opened.
#[hook]
fn use_follow(editor: &Editor, design: &Rc<Design>) {
    let editor = editor.clone();
    let before = use_mut_ref(BTreeSet::<(u32, &'static str)>::new);
    use_effect_with(Rc::clone(design), move |design| {
        editor.prune_selection();
        let now: BTreeSet<(u32, &'static str)> = design
            .nodes
            .iter()
            .map(|node| (node.id.0, node.layer.key()))
            .collect();
        let n_kept = before.borrow().intersection(&now).count();
        // Heuristic: one edit changes few nodes; opening a preset or a file changes most.
        if now.len() > 3 && n_kept * 2 < now.len().max(before.borrow().len()) {
            editor.show_start();
        } else if now.is_empty() && !before.borrow().is_empty() {
            editor.canvas.view.set(super::state::View::default());
        }
        *before.borrow_mut() = now;
    });
}

fn wire_label(design: &Design, checked: &Checked, wire: &mtl_engine::design::Wire, lang: Lang) -> String {
    let name = |node| design.node(node).map_or("", |node| node.name.as_str());
    let (from, to) = (name(wire.from.node), name(wire.to.node));
    match checked.wires.get(&wire.id).copied().flatten() {
        Some(shape) => fill(T.wire_shape, lang, &[&from, &to, &shape]),
        None => fill(T.wire_no_shape, lang, &[&from, &to]),
    }
}

/// The pending wire.
#[component]
fn LooseWire() -> Html {
    let editor = use_editor();
    let drawing = use_store(&editor.canvas.drawing);
    let Some(drawing) = &*drawing else {
        return Html::default();
    };
    let (scene, nothing) = (editor.scene(), BTreeMap::new());
    let Some(fixed) = scene.handle(drawing.fixed.port, drawing.fixed.side, &nothing) else {
        return Html::default();
    };
    // The loose end snaps to a handle that it may end on.
    let loose = match &drawing.over {
        Some((handle, Ok(()))) => scene
            .handle(handle.port, handle.side, &nothing)
            .unwrap_or(drawing.at),
        _ => drawing.at,
    };
    let (start, end) = if drawing.fixed.side == Side::Output {
        (fixed, loose)
    } else {
        (loose, fixed)
    };
    let verdict = match &drawing.over {
        Some((_, Ok(()))) => "yes",
        Some((_, Err(_))) => "no",
        None => "open",
    };
    html! {
        <g class="loose-wire" data-may={verdict}>
            <path d={wire_path(start, end)} />
            <circle cx={loose[0].to_string()} cy={loose[1].to_string()} r="5" />
        </g>
    }
}

/// The selection rectangle.
#[component]
fn Lasso() -> Html {
    let editor = use_editor();
    let lasso = use_store(&editor.canvas.lasso);
    let Some([a, b]) = *lasso else {
        return Html::default();
    };
    let rect = super::scene::Rect::between(a, b);
    html! {
        <rect class="lasso" x={rect.x.to_string()} y={rect.y.to_string()} width={rect.width.to_string()}
            height={rect.height.to_string()} />
    }
}

/// Adds listeners for pointers and keys outside of yew, since these events are frequent and cause no rendering.
#[hook]
fn use_listeners(editor: &Editor, controller: &Rc<Controller>, frame: &NodeRef) {
    let (editor, controller, frame) = (editor.clone(), Rc::clone(controller), frame.clone());
    use_effect_with((), move |()| {
        let mut listeners = Vec::new();
        let mut resize = None;
        if let Some(surface) = editor.canvas.surface.cast::<Element>() {
            let active = EventListenerOptions::enable_prevent_default();
            let mut hear = |name: &'static str, act: fn(&Rc<Controller>, &web_sys::Event)| {
                let controller = Rc::clone(&controller);
                listeners.push(EventListener::new_with_options(
                    &surface,
                    name,
                    active,
                    move |event| {
                        act(&controller, event);
                    },
                ));
            };
            hear("pointerdown", |c, e| with::<PointerEvent>(e, |e| c.down(e)));
            hear("pointermove", |c, e| with::<PointerEvent>(e, |e| c.moved(e)));
            hear("pointerup", |c, e| with::<PointerEvent>(e, |e| c.up(e)));
            hear("pointercancel", |c, e| with::<PointerEvent>(e, |e| c.lost(e)));
            hear("pointerleave", |c, _| c.leave());
            hear("focusin", |c, e| with::<web_sys::FocusEvent>(e, |e| c.focused(e)));
            hear("wheel", |c, e| with::<WheelEvent>(e, |e| c.wheel(e)));
            hear("dblclick", |c, e| with::<MouseEvent>(e, |e| c.double_click(e)));
            hear("contextmenu", |c, e| with::<MouseEvent>(e, |e| c.context_menu(e)));
            resize = Some(fit_when_first_seen(&editor, &surface));
        }
        if let Some(window) = web_sys::window() {
            let (editor, controller) = (editor.clone(), Rc::clone(&controller));
            let options = EventListenerOptions::enable_prevent_default();
            listeners.push(EventListener::new_with_options(
                &window,
                "keydown",
                options,
                move |event| {
                    if let (Some(event), Some(frame)) =
                        (event.dyn_ref::<KeyboardEvent>(), frame.cast::<Element>())
                    {
                        keyboard::key_down(event, &frame, &editor, &controller);
                    }
                },
            ));
        }
        let surface = editor.canvas.surface.clone();
        dom::set_view(&surface, *editor.canvas.view.get());
        let view = editor
            .canvas
            .view
            .subscribe(move |view| dom::set_view(&surface, **view));
        move || drop((listeners, view, resize))
    });
}

fn with<E: JsCast>(event: &web_sys::Event, act: impl FnOnce(&E)) {
    if let Some(event) = event.dyn_ref() {
        act(event);
    }
}

/// An observer that is disconnected when it is dropped.
struct Observer(
    web_sys::ResizeObserver,
    #[allow(dead_code, reason = "keeps the callback alive")] wasm_bindgen::prelude::Closure<dyn FnMut()>,
);

impl Drop for Observer {
    fn drop(&mut self) {
        self.0.disconnect();
    }
}

/// Fits the view as soon as the surface has a size, and again when it is shown after having been hidden.
fn fit_when_first_seen(editor: &Editor, surface: &Element) -> Option<Observer> {
    let editor = editor.clone();
    let mut seen = [0.0_f64; 2];
    let measured = surface.clone();
    let callback = wasm_bindgen::prelude::Closure::<dyn FnMut()>::new(move || {
        let rect = measured.get_bounding_client_rect();
        let now = [rect.width(), rect.height()];
        if now[0] > 0.0 && now[1] > 0.0 {
            if seen[0] == 0.0 || seen[1] == 0.0 {
                editor.show_start();
            }
            // The centre of the view is kept.
            else if now != seen {
                let by = [(now[0] - seen[0]) / 2.0, (now[1] - seen[1]) / 2.0];
                editor.canvas.view.update(|view| *view = view.panned(by));
            }
        }
        seen = now;
    });
    let observer = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()).ok()?;
    observer.observe(surface);
    Some(Observer(observer, callback))
}
