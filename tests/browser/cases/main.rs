//! What a person does with the page, in a real browser.

mod designer;
mod looks;
mod opening;
mod person;
mod script;
mod steps;
mod training;
mod wasm;
mod webgpu;
