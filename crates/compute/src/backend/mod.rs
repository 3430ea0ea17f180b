//! What runs a plan without anything from outside; the WebGPU backend is in `mtl_engine`.

pub mod cpu;
