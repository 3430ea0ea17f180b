//! Web Locks: which window of this browser has something. Where the browser has none, nobody is told of other windows.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`, which `web-sys` counts among the unstable interfaces.
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, granted: &JsValue) -> Result<Promise, JsValue>;
}

/// A lock, granted or asked for; released on drop and when the window closes.
pub struct Lock {
    release: Function,
}

impl Lock {
    /// Asks for the lock of this name. `on_granted` is called when no other window has it (any more), even after a drop.
    pub fn request(name: &str, on_granted: impl FnOnce() + 'static) -> Option<Self> {
        let navigator = web_sys::window()?.navigator();
        let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
        if !locks.is_object() {
            return None;
        }
        let mut release = None;
        // The lock is held until this promise is settled.
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let granted = Closure::once_into_js(move |_: JsValue| {
            on_granted();
            held
        });
        let asked = locks
            .unchecked_into::<LockManager>()
            .request(name, &granted)
            .ok()?;
        wasm_bindgen_futures::spawn_local(async move {
            // A refusal is as if there were no locks.
            let _ = JsFuture::from(asked).await;
        });
        Some(Self { release: release? })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Resolving a promise cannot fail.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
