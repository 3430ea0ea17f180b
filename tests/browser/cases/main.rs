//! What a person does with the page, in a real browser.

mod designer;
mod opening;
mod wasm;
