//! The page's module: what runs on the main thread.

use js_sys::Function;
use mtl_playground::worker::part::Part;
use wasm_bindgen::prelude::*;

/// Called by `static/boot.js`. `worker_url` is the address of `static/worker.js` and `tools_url` that of
/// `static/tools-worker.js`, each as a `TrustedScriptURL` where the browser supports them; `load_trainer` and `load_tools` give
/// promises of the compiled modules.
#[wasm_bindgen]
pub fn page_main(worker_url: JsValue, load_trainer: Function, tools_url: JsValue, load_tools: Function) {
    mtl_playground::start(
        Part::new(worker_url, load_trainer),
        Part::new(tools_url, load_tools),
    );
}
