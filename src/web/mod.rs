//! What the page asks of the browser: downloads, files, its database.

pub mod database;
pub mod fetch;
pub mod files;

use wasm_bindgen::{JsCast, JsValue};

/// A JavaScript error as text.
pub fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}

/// A plain value as a JSON tree. Through text, so that the `f32` 0.1 becomes 0.1 and not 0.10000000149011612.
pub fn json_of(value: &impl serde::Serialize) -> serde_json::Result<serde_json::Value> {
    serde_json::from_str(&serde_json::to_string(value)?)
}
