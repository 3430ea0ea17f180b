//! MTL Playground: the page.
//!
//! One wasm module serves the page and its training worker: [`page_main`] runs on the main thread, `worker_main` in
//! the worker. The page draws and never does maths; see `docs/ARCHITECTURE.md`.

// This documentation is for developers of the page, and may link to private modules.
#![allow(rustdoc::private_intra_doc_links)]

pub mod api;
pub mod bench;
pub mod i18n;
pub mod state;
pub mod ui;
pub mod web;
pub mod work;
pub mod worker;

use js_sys::Function;
use state::{Playground, PlaygroundRef};
use wasm_bindgen::prelude::*;
use worker::tools::Tools;

/// Called by `static/boot.js` on the main thread. `worker_url` is the address of `static/worker.js` and `tools_url` that of
/// `static/tools-worker.js`, each as a `TrustedScriptURL` where the browser supports them; `load_tools` gives a promise of the
/// compiled module of the tools.
#[wasm_bindgen]
pub fn page_main(worker_url: JsValue, tools_url: JsValue, load_tools: Function) {
    let Some(place) = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app")) else {
        return;
    };
    let playground = Playground::new(worker_url, Tools::new(tools_url, load_tools));
    playground.start();
    api::install(&playground);
    yew::Renderer::<ui::app::App>::with_root_and_props(
        place,
        ui::app::AppProps {
            playground: PlaygroundRef(playground),
        },
    )
    .render();
}

/// Called by `static/worker.js` in the worker.
#[wasm_bindgen]
pub fn worker_main() {
    worker::run(worker::serve::Trainer::default());
}
