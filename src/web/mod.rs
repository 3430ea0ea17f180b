//! Browser APIs: downloads, files, database, locks.

pub mod database;
pub mod fetch;
pub mod files;
pub mod locks;
pub mod time;

use wasm_bindgen::{JsCast, JsValue};

/// A JavaScript error as text.
pub fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.message()),
        None => error.as_string().unwrap_or_else(|| format!("{error:?}")),
    }
}
