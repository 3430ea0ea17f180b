//! The scripting API: `window.mtlPlayground`, and the same methods over `postMessage` for a page that embeds this
//! one. See `docs/embedding.md`.
//!
//! A method does the same as the corresponding control, and is rejected with the message that the user would see, in
//! the language of the page. Names of settings, data sets and metrics are those of the file formats.

mod embed;
mod methods;
mod origin;
mod settings;
mod turns;

use std::rc::Rc;

use js_sys::{Array, Error, JSON, Object, Promise, Reflect};
use mtl_base::{json, text::Message};
use serde_json::Value;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::future_to_promise;

use crate::{
    i18n::{fill_message, shell::T},
    state::{Playground, link::Link},
};

/// Name of the object on `window`.
const NAME: &str = "mtlPlayground";

type Method = Closure<dyn Fn(JsValue, JsValue) -> Promise>;

/// Installs `window.mtlPlayground`, and listens to the embedding page if the URL allows it.
pub fn install(playground: &Rc<Playground>) {
    let Some(window) = web_sys::window() else {
        return;
    };
    let object = Object::new();
    let queue = turns::Queue::default();
    for name in methods::NAMES {
        let (this, queue) = (Rc::clone(playground), queue.clone());
        let method: Method = Closure::new(move |first: JsValue, second: JsValue| {
            let (this, queue) = (Rc::clone(&this), queue.clone());
            future_to_promise(async move {
                let outcome = methods::call(&this, &queue, name, &first, &second).await;
                outcome.map_err(|message| error(&this, &message).into())
            })
        });
        // Both objects belong to the page and are writable; the closures live as long as the page.
        let _ = Reflect::set(&object, &JsValue::from(*name), &method.into_js_value());
    }
    let _ = Reflect::set(&window, &JsValue::from(NAME), &object);
    if let Some(origin) = Link::of_page().embed {
        embed::listen(playground, queue, &window, origin);
    }
}

/// The error with which a promise is rejected.
fn error(playground: &Playground, message: &Message) -> Error {
    let error = Error::new(message.get(playground.preferences.get().lang));
    error.set_name("MtlPlaygroundError");
    error
}

/// A JavaScript value as JSON; `undefined` as null.
fn to_json(value: &JsValue) -> Result<Value, Message> {
    if value.is_undefined() {
        return Ok(Value::Null);
    }
    let text = JSON::stringify(value)
        .ok()
        .and_then(|text| text.as_string())
        .unwrap_or_else(|| "null".to_owned());
    json::read(&text).map_err(|error| fill_message(T.internal_message, &[&error]))
}

/// Converts a serialisable value to a JavaScript value.
fn to_js(value: &impl serde::Serialize) -> Result<JsValue, Message> {
    JSON::parse(&json::write(value))
        .map_err(|error| fill_message(T.internal_message, &[&crate::web::describe(&error)]))
}

/// The elements of an array.
fn elements(value: &JsValue) -> Vec<JsValue> {
    value
        .dyn_ref::<Array>()
        .map(|array| array.to_vec())
        .unwrap_or_default()
}
