//! What the browser remembers for this page. Storage may be blocked or full: then nothing is remembered, and nothing fails.

use mtl_base::json;
use serde::{Serialize, de::DeserializeOwned};
use web_sys::Storage;

const PREFIX: &str = "mtl-playground/";

fn storage() -> Option<Storage> {
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
