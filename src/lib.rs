//! MTL Playground: the page.
//!
//! Two modules are built of this crate: `modules/page` ([`start`]), which runs on the main thread, draws and never does maths,
//! and `modules/trainer` ([`worker::serve`]), which runs in the worker. The linker leaves out of each what only the other calls.
//! See `docs/ARCHITECTURE.md`.

// This documentation is for developers of the page, and may link to private modules.
#![allow(rustdoc::private_intra_doc_links)]

pub mod api;
pub mod i18n;
pub mod state;
pub mod ui;
pub mod web;
pub mod work;
pub mod worker;

use state::{Playground, PlaygroundRef};
use worker::{part::Part, tools::Tools};

/// Shows the page in the element `app`. `trainer` is the module of the training worker, `tools` that of the tools.
pub fn start(trainer: Part, tools: Part) {
    let Some(place) = web_sys::window().and_then(|window| window.document()?.get_element_by_id("app")) else {
        return;
    };
    let playground = Playground::new(trainer, Tools::new(tools));
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
