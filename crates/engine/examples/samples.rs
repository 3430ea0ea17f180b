//! Prints the samples of every layer as JSON: designs with a batch and parameters, which `tests/goldens/generate_samples.py` lets Keras compute.
//!
//! ```text
//! cargo run -p mtl-engine --example samples
//! ```

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "a program prints what it makes"
)]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/common/samples.rs"]
mod samples;

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string(&samples::all())?);
    Ok(())
}
