//! Local storage. It may be blocked or full: then nothing is stored, and [`save`] says so.
//!
//! An embedded page keeps its state in memory only: after [`keep_nothing`] nothing is read, written or removed.

use std::cell::Cell;

use mtl_base::json;
use serde::{Serialize, de::DeserializeOwned};
use web_sys::Storage;

const PREFIX: &str = "mtl-playground/";

thread_local! {
    static KEEPS_NOTHING: Cell<bool> = const { Cell::new(false) };
}

/// Disables storage for the lifetime of the page.
pub fn keep_nothing() {
    KEEPS_NOTHING.set(true);
}

/// Whether storage is disabled.
pub fn keeps_nothing() -> bool {
    KEEPS_NOTHING.get()
}

fn storage() -> Option<Storage> {
    if keeps_nothing() {
        return None;
    }
    web_sys::window()?.local_storage().ok()?
}

/// The value under `key`, if it exists and can be deserialised.
pub fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(&format!("{PREFIX}{key}")).ok()??;
    json::read(&text).ok()
}

/// Saves `value` under `key`; returns whether it was stored.
#[must_use = "what is not stored is lost with the page"]
pub fn save<T: Serialize>(key: &str, value: &T) -> bool {
    storage().is_some_and(|storage| {
        storage
            .set_item(&format!("{PREFIX}{key}"), &json::write(value))
            .is_ok()
    })
}

/// Removes the value under `key`.
pub fn remove(key: &str) {
    if let Some(storage) = storage() {
        // If storage is blocked, there is nothing to remove.
        let _ = storage.remove_item(&format!("{PREFIX}{key}"));
    }
}

/// The keys that begin with `start`.
pub fn keys(start: &str) -> Vec<String> {
    let Some(storage) = storage() else {
        return Vec::new();
    };
    (0..storage.length().unwrap_or(0))
        .filter_map(|idx| storage.key(idx).ok()?)
        .filter_map(|key| key.strip_prefix(PREFIX).map(str::to_owned))
        .filter(|key| key.starts_with(start))
        .collect()
}
