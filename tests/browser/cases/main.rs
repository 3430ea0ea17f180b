//! Tests of the page in a real browser.

mod accessibility;
mod builds;
mod composing;
mod designer;
mod documents;
mod editing;
mod faults;
mod files;
mod hand;
mod insides;
mod insight;
mod links;
mod looks;
mod memory;
mod opening;
mod person;
mod script;
mod steps;
mod tools;
mod training;
mod wasm;
mod webgpu;
mod work;
