//! The same methods for a page that embeds this one in an iframe.
//!
//! Off unless the address says `#embed=ORIGIN`, and then for messages of exactly that origin only; answers go to
//! that origin only.
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

use super::{NAME, elements, error, methods};
use crate::{
    i18n::{fill_message, shell::T},
    state::Playground,
};

/// Version of the messages.
const VERSION: f64 = 1.0;

/// Listens to `origin` from now on.
pub(super) fn listen(playground: &Rc<Playground>, window: &Window, origin: String) {
    if let Ok(Some(parent)) = window.parent()
        && parent != *window
    {
        // A parent of another origin than the one that was allowed hears nothing.
        let _ = parent.post_message(&answer(&[("ready", JsValue::TRUE)]), &origin);
    }
    let this = Rc::clone(playground);
    let listener = EventListener::new(window, "message", move |event| {
        let Some(event) = event.dyn_ref::<MessageEvent>() else {
            return;
        };
        if event.origin() != origin || member(&event.data(), NAME).as_f64() != Some(VERSION) {
            return;
        }
        let (this, data, origin) = (Rc::clone(&this), event.data(), origin.clone());
        let source = event.source();
        wasm_bindgen_futures::spawn_local(async move {
            let outcome = call(&this, &data).await;
            let reply = match outcome {
                Ok(result) => answer(&[("id", member(&data, "id")), ("result", result)]),
                Err(message) => {
                    let text = JsValue::from(error(&this, &message).message());
                    answer(&[("id", member(&data, "id")), ("error", text)])
                }
            };
            // A window of another origin is an instance of nothing here; it has `postMessage` all the same.
            if let Some(source) = source.map(|source| source.unchecked_into::<Window>()) {
                // Whoever asked may have gone to another address.
                let _ = source.post_message(&reply, &origin);
            }
        });
    });
    listener.forget();
}

async fn call(playground: &Rc<Playground>, data: &JsValue) -> Result<JsValue, Message> {
    let method = member(data, "method").as_string().unwrap_or_default();
    let Some(name) = methods::NAMES.iter().find(|name| **name == method) else {
        return Err(fill_message(
            T.api_method_unknown,
            &[&method, &methods::NAMES.join(", ")],
        ));
    };
    let args = elements(&member(data, "args"));
    let arg = |idx: usize| args.get(idx).cloned().unwrap_or(JsValue::UNDEFINED);
    methods::call(playground, name, &arg(0), &arg(1)).await
}

fn member(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &JsValue::from(name)).unwrap_or(JsValue::UNDEFINED)
}

fn answer(members: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    // A fresh object takes every member.
    let _ = Reflect::set(&object, &JsValue::from(NAME), &JsValue::from(VERSION));
    for (name, value) in members {
        let _ = Reflect::set(&object, &JsValue::from(*name), value);
    }
    object.into()
}
