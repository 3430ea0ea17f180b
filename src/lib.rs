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

use state::{Playground, PlaygroundRef};
use wasm_bindgen::prelude::*;

/// Called by `static/boot.js` on the main thread; `worker_url` is the address of `static/worker.js`, as a `TrustedScriptURL`
/// where the browser supports them.
#[wasm_bindgen]
pub fn page_main(worker_url: JsValue) {
    let Some(place) = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app")) else {
        return;
    };
    let playground = Playground::new(worker_url);
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
