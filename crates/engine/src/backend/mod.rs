//! What runs a plan. The backends are the only thing that knows about SIMD or shaders.

pub use mtl_compute::backend::cpu;

#[cfg(feature = "gpu")]
pub mod gpu;
