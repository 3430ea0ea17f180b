//! What runs in every step of a training run: kernels, ops, the compiled plan and the CPU backend that runs it, losses,
//! penalties, clipping and optimizers; and the vocabulary that these share with the crates above (settings, schema, texts).
//!
//! It is a crate of its own because its loops are compiled for speed and all else for size: how code is compiled is chosen
//! crate by crate. What runs once per click or per epoch belongs into `mtl_engine`, which offers these modules as its own.

pub mod backend;
pub mod clipping;
pub mod initializers;
pub mod kernels;
pub mod losses;
pub mod ops;
pub mod optimizers;
pub mod ordered;
pub mod parts;
pub mod penalty;
pub mod plan;
pub mod random;
pub mod schema;
pub mod settings;
pub mod text;
