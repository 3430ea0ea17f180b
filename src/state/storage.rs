//! What the browser remembers for this page. Storage may be blocked or full: then nothing is remembered, and nothing fails.
//!
//! An embedded page has a sitting of its own in memory: after [`keep_nothing`] nothing is read, written or removed.

use std::cell::Cell;

use mtl_base::json;
use serde::{Serialize, de::DeserializeOwned};
use web_sys::Storage;

const PREFIX: &str = "mtl-playground/";

thread_local! {
    static KEEPS_NOTHING: Cell<bool> = const { Cell::new(false) };
}

/// From now on nothing that is kept is touched, for as long as the page is there.
pub fn keep_nothing() {
    KEEPS_NOTHING.set(true);
}

/// Whether the page touches nothing that is kept.
pub fn keeps_nothing() -> bool {
    KEEPS_NOTHING.get()
}

fn storage() -> Option<Storage> {
    if keeps_nothing() {
        return None;
    }
    web_sys::window()?.local_storage().ok()?
}

/// What was saved under `key`, if it is there and still readable.
pub fn load<T: DeserializeOwned>(key: &str) -> Option<T> {
    let text = storage()?.get_item(&format!("{PREFIX}{key}")).ok()??;
    json::read(&text).ok()
}

/// Saves `value` under `key`; says whether the browser took it.
pub fn save<T: Serialize>(key: &str, value: &T) -> bool {
    storage().is_some_and(|storage| {
        storage
            .set_item(&format!("{PREFIX}{key}"), &json::write(value))
            .is_ok()
    })
}

/// Forgets what was saved under `key`.
pub fn remove(key: &str) {
    if let Some(storage) = storage() {
        // A storage that refuses has nothing under the key either.
        let _ = storage.remove_item(&format!("{PREFIX}{key}"));
    }
}
