//! What makes the page's module smaller after `wasm-bindgen`, without changing what it does: names nobody reads become
//! short, functions that are the same become one, and the rest goes into the order that gzip likes.

mod functions;
mod names;

use anyhow::Result;

/// The glue and the module, smaller.
pub fn shrink(glue: &str, module: &[u8]) -> Result<(String, Vec<u8>)> {
    let (glue, module) = names::shorten(glue, module)?;
    Ok((glue, functions::merge_and_order(&module)?))
}
