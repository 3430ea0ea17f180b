//! One program, built natively and for the browser, whose results must have the same bits.
//!
//! [`digests::all`] hashes what the engine computes: every elementary function over the whole range, the random
//! streams, and whole runs of every preset with their events. The native program prints it; the browser tests
//! compare it with the results of the wasm module (`cargo xtask test --only wasm`). The module also has the two ends of the
//! page's transport to its worker, with an echo service, and the engine's comparison of WebGPU with the CPU (`gpu_cases`).

pub mod digests;
#[cfg(target_arch = "wasm32")]
pub mod gpu_cases;
#[cfg(target_arch = "wasm32")]
pub mod link;

// Helpers of the engine's tests.
#[cfg(target_arch = "wasm32")]
#[path = "../../../crates/engine/tests/common/mod.rs"]
#[allow(missing_docs, reason = "a test of the engine documents itself")]
mod common;
#[cfg(target_arch = "wasm32")]
#[path = "../../../crates/engine/tests/gpu/mod.rs"]
#[allow(missing_docs, reason = "a test of the engine documents itself")]
mod gpu;
