//! The module of the tools: `mtl_tools` behind a function that JavaScript can call.
//!
//! `static/tools-worker.js` runs it in a worker of its own; `src/worker/tools.rs` is the page's end. It names no page, no
//! document and no network: texts and bytes in, texts and bytes out.

use js_sys::{Array, ArrayBuffer, JsString, Uint8Array};
use wasm_bindgen::prelude::*;

/// The reply to a request, which is JSON of [`mtl_tools::Request`] with its payloads: `[JSON of the reply, ...payloads]`.
///
/// # Errors
/// The text is no request.
#[wasm_bindgen]
pub fn answer(request: &str, buffers: Vec<ArrayBuffer>) -> Result<Array, JsError> {
    let request = serde_json::from_str(request)?;
    let payloads = buffers
        .iter()
        .map(|buffer| Uint8Array::new(buffer).to_vec())
        .collect();
    let (reply, payloads) = mtl_tools::answer(request, payloads);
    let text = serde_json::to_string(&reply)?;
    let message = Array::of1(&JsString::from(text));
    for payload in payloads {
        message.push(&Uint8Array::from(&payload[..]).buffer());
    }
    Ok(message)
}
