//! A part of the page that is a module of its own, with a worker that runs it.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// A module that is fetched and compiled when it is first asked for, and the script of the worker that runs it.
pub struct Part {
    worker_url: JsValue,
    /// Gives a promise of the compiled module.
    load: Function,
    /// The promise, once the module was asked for; none after it was rejected, so that the next attempt fetches it again.
    module: Rc<RefCell<Option<Promise>>>,
}

impl Part {
    /// Loads nothing yet. `worker_url` is the address of the worker's script, as a `TrustedScriptURL` where the browser knows
    /// such; `load` gives a promise of the compiled module.
    pub fn new(worker_url: JsValue, load: Function) -> Self {
        Self {
            worker_url,
            load,
            module: Rc::default(),
        }
    }

    /// Address of the worker's script.
    pub fn worker_url(&self) -> &JsValue {
        &self.worker_url
    }

    /// The compiled module. It is fetched once, however often it is asked for.
    ///
    /// # Errors
    /// It does not come, is not the published one, or does not compile.
    pub fn module(&self) -> impl Future<Output = Result<JsValue, JsValue>> + 'static {
        let known = self.module.borrow().clone();
        let promise: Result<Promise, JsValue> = known.map_or_else(
            || {
                let promise: Promise = self.load.call0(&JsValue::UNDEFINED)?.unchecked_into();
                self.module.replace(Some(promise.clone()));
                Ok(promise)
            },
            Ok,
        );
        let module = Rc::clone(&self.module);
        async move {
            let loaded = JsFuture::from(promise?).await;
            if loaded.is_err() {
                module.replace(None);
            }
            loaded
        }
    }
}
