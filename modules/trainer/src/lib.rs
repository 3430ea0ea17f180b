//! The trainer's module: what runs in the training worker.

use mtl_playground::worker::{run, serve::Trainer};
use wasm_bindgen::prelude::*;

/// Called by `static/worker.js` in the worker.
#[wasm_bindgen]
pub fn worker_main() {
    run(Trainer::default());
}
