//! The scripting API for a page that embeds this one in an iframe.
//!
//! Off unless the address says `#embed=ORIGIN`, and then for messages of the parent frame only, as long as it is of exactly
//! that origin ([`may_drive`]); answers go to that origin only. A page with that address keeps nothing and reads nothing that
//! is kept (see [`storage`](crate::state::storage)).
//!
//! ```text
//! to this page:   { mtlPlayground: 1, id: 7, method: "step", args: [10] }
//! from this page: { mtlPlayground: 1, id: 7, result: ... }  or  { mtlPlayground: 1, id: 7, error: "..." }
//! once, at first: { mtlPlayground: 1, ready: true }
//! ```

use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Object, Reflect};
use mtl_base::text::Message;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, Window};

use super::{
    NAME, elements, error, methods,
    origin::{is_web_origin, may_drive},
    turns::Queue,
};
use crate::{
    i18n::{faults, fill_message, shell::T},
    state::Playground,
};

/// Version of the messages.
const VERSION: f64 = 1.0;

/// Starts to listen to the parent frame, if it has this origin.
pub(super) fn listen(playground: &Rc<Playground>, queue: Queue, window: &Window, origin: String) {
    if !is_web_origin(&origin) {
        return playground.show_problem(fill_message(faults::T.embed_no_origin, &[&origin]));
    }
    let parent = match window.parent() {
        Ok(Some(parent)) if parent != *window => parent,
        // A top-level window is driven by nobody, not even its opener.
        _ => return,
    };
    // A parent of another origin than the allowed one receives nothing.
    let _ = parent.post_message(&answer(&[("ready", JsValue::TRUE)]), &origin);
    let this = Rc::clone(playground);
    let listener = EventListener::new(window, "message", move |event| {
        let Some(event) = event.dyn_ref::<MessageEvent>() else {
            return;
        };
        let is_from_parent = event.source().is_some_and(|source| Object::is(&source, &parent));
        if !may_drive(&origin, &event.origin(), is_from_parent)
            || member(&event.data(), NAME).as_f64() != Some(VERSION)
        {
            return;
        }
        let (this, data, parent, origin) = (Rc::clone(&this), event.data(), parent.clone(), origin.clone());
        let queue = queue.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let outcome = call(&this, &queue, &data).await;
            let reply = match outcome {
                Ok(result) => answer(&[("id", member(&data, "id")), ("result", result)]),
                Err(message) => {
                    let text = JsValue::from(error(&this, &message).message());
                    answer(&[("id", member(&data, "id")), ("error", text)])
                }
            };
            // If the parent has navigated to another origin in the meantime, the browser drops the message.
            let _ = parent.post_message(&reply, &origin);
        });
    });
    listener.forget();
}

async fn call(playground: &Rc<Playground>, queue: &Queue, data: &JsValue) -> Result<JsValue, Message> {
    let method = member(data, "method").as_string().unwrap_or_default();
    let Some(name) = methods::NAMES.iter().find(|name| **name == method) else {
        return Err(fill_message(
            T.api_method_unknown,
            &[&method, &methods::NAMES.join(", ")],
        ));
    };
    let args = elements(&member(data, "args"));
    let arg = |idx: usize| args.get(idx).cloned().unwrap_or(JsValue::UNDEFINED);
    methods::call(playground, queue, name, &arg(0), &arg(1)).await
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from(name)).unwrap_or(JsValue::UNDEFINED)
}

fn answer(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    // Setting a property of a new object cannot fail.
    let _ = Reflect::set(&object, &JsValue::from(NAME), &JsValue::from(VERSION));
    for (name, value) in members {
        let _ = Reflect::set(&object, &JsValue::from(*name), value);
    }
    object.into()
}
