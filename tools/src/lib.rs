//! The module of the tools: `mtl_tools` behind a function that JavaScript can call.
//!
//! `static/tools-worker.js` runs it in a worker of its own; `src/worker/tools.rs` is the page's end. It names no page, no
//! document and no network: texts and bytes in, texts and bytes out.

use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use mtl_tools::{Answer, Question};
use wasm_bindgen::prelude::*;

/// Answers one question, given as JSON of [`Question`] with its payloads: `[JSON of Answer, ...payloads]`.
///
/// # Errors
/// The text is no question, so that there is no id to answer to.
#[wasm_bindgen]
pub fn answer(question: &str, buffers: Vec<ArrayBuffer>) -> Result<Array, JsError> {
    let Question { id, request } = serde_json::from_str(question)?;
    let payloads = buffers
        .iter()
        .map(|buffer| Uint8Array::new(buffer).to_vec())
        .collect();
    let (reply, payloads) = mtl_tools::answer(request, payloads);
    let text = serde_json::to_string(&Answer { id, reply })?;
    let message = Array::of1(&JsString::from(text));
    for payload in payloads {
        message.push(&Uint8Array::from(&payload[..]).buffer());
    }
    Ok(message)
}
