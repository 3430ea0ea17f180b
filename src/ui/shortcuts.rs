//! Global keyboard shortcuts, keys of input methods, and files dropped on the page.

use gloo_events::{EventListener, EventListenerOptions};
use mtl_export::weights::WeightsForm;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Element, KeyboardEvent};
use yew::prelude::*;

use crate::{
    i18n::{fill_message, shell::T},
    state::{PlaygroundRef, Sheet, use_playground},
};

/// Code of a key that an input method has taken, whichever key it is. (Safari says of Enter at the end of a composition that it is none.)
const KEY_OF_INPUT_METHOD: u32 = 229;

/// Keeps the keys that belong to an input method (Enter, Escape, arrows while somebody composes Chinese, say) from every box and
/// shortcut of the page.
fn leave_to_input_method(event: &KeyboardEvent) {
    if event.is_composing() || event.key_code() == KEY_OF_INPUT_METHOD {
        event.stop_immediate_propagation();
    }
}

/// Whether a key belongs to the focused element: text is being typed, or a dialog is open.
fn is_taken(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        let in_box =
            "input:not([type=checkbox]):not([type=range]), textarea, select, [contenteditable], dialog";
        target.closest(in_box).ok().flatten().is_some()
    })
}

/// Whether Space activates the focused element.
fn takes_space(event: &KeyboardEvent) -> bool {
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<Element>().ok());
    target.is_some_and(|target| {
        target
            .closest("button, a, summary, [role=button], [role=tab], input")
            .ok()
            .flatten()
            .is_some()
    })
}

/// Listens for keys as long as the component is mounted.
#[hook]
pub fn use_shortcuts() {
    let playground = use_playground();
    use_effect_with((), move |()| {
        let listeners = web_sys::window().map(|window| {
            let listen = |options, hear: Box<dyn Fn(&KeyboardEvent)>| {
                EventListener::new_with_options(&window, "keydown", options, move |event| {
                    if let Some(event) = event.dyn_ref::<KeyboardEvent>() {
                        hear(event);
                    }
                })
            };
            [
                // Before anything else hears of the key.
                listen(
                    EventListenerOptions::run_in_capture_phase(),
                    Box::new(leave_to_input_method),
                ),
                listen(
                    EventListenerOptions::enable_prevent_default(),
                    Box::new(move |event| press(&playground, event)),
                ),
            ]
        });
        move || drop(listeners)
    });
}

fn press(playground: &PlaygroundRef, event: &KeyboardEvent) {
    if event.default_prevented() || is_taken(event) {
        return;
    }
    let command = event.ctrl_key() || event.meta_key();
    let this = playground.rc();
    let key = event.key();
    match (command, event.shift_key(), key.to_lowercase().as_str()) {
        _ if event.alt_key() => return,
        (false, false, " ") if !takes_space(event) && !event.repeat() => {
            playground.attempt(async move { this.toggle_play().await });
        }
        (false, false, "s") => playground.attempt(async move { this.step(1).await }),
        (false, false, "e") => playground.attempt(async move { this.epoch().await }),
        (false, true, "r") => playground.attempt(async move { this.reset().await }),
        (false, false, "p") => playground.sheet.set(Some(Sheet::Presets)),
        (false, false, "o") => playground.sheet.set(Some(Sheet::Documents)),
        (false, false, "d") => playground.sheet.set(Some(Sheet::Data)),
        (false, _, "?") => playground.sheet.set(Some(Sheet::Help)),
        (true, false, "s") => {
            playground.attempt(async move { this.save_weights(WeightsForm::Json, false).await })
        }
        (true, false, "z") => playground.undo(),
        (true, true, "z") | (true, false, "y") => playground.redo(),
        _ => return,
    }
    event.prevent_default();
}

/// Opens files that are dropped on the page; true while a file is dragged over it.
#[hook]
pub fn use_file_drop() -> bool {
    let playground = use_playground();
    let is_over = use_state_eq(|| false);
    {
        let is_over = is_over.clone();
        use_effect_with((), move |()| {
            let listeners = web_sys::window().map(|window| {
                let listen = |name: &'static str, hear: Box<dyn Fn(&DragEvent)>| {
                    let options = EventListenerOptions::enable_prevent_default();
                    EventListener::new_with_options(&window, name, options, move |event| {
                        if let Some(event) = event.dyn_ref::<DragEvent>()
                            && holds_files(event)
                        {
                            event.prevent_default();
                            hear(event);
                        }
                    })
                };
                let (over, leave, dropped) = (is_over.clone(), is_over.clone(), is_over);
                [
                    listen("dragover", Box::new(move |_| over.set(true))),
                    listen(
                        "dragleave",
                        // When the window is left, the event has no related target.
                        Box::new(move |event| {
                            if event.related_target().is_none() {
                                leave.set(false);
                            }
                        }),
                    ),
                    listen(
                        "drop",
                        Box::new(move |event| {
                            dropped.set(false);
                            open_dropped(&playground, event);
                        }),
                    ),
                ]
            });
            move || drop(listeners)
        });
    }
    *is_over
}

fn holds_files(event: &DragEvent) -> bool {
    event.data_transfer().is_some_and(|data| {
        data.types()
            .iter()
            .any(|kind| kind.as_string().as_deref() == Some("Files"))
    })
}

fn open_dropped(playground: &PlaygroundRef, event: &DragEvent) {
    let Some(files) = event.data_transfer().and_then(|data| data.files()) else {
        return;
    };
    match (files.length(), files.get(0)) {
        (1, Some(file)) => {
            let this = playground.rc();
            playground.attempt(async move { this.open_file(file).await });
        }
        (n_files, _) => playground.show_problem(fill_message(T.drop_one, &[&n_files])),
    }
}
