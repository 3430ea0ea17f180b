//! Programs of ops: what a design compiles to, and the backends that run it.
//!
//! A [`plan::Plan`] is a straight-line list of [ops] over one arena of `f32`. The CPU backend ([`cpu`]) and the WebGPU
//! backend (`gpu`) run it forward and backward. The crate also has what turns gradients into parameter updates:
//! [penalties](penalty), [clipping] and [optimizers].
//!
//! Modules depend on each other in one direction, from the top of this list to the bottom.

#![warn(missing_docs)]
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_macros,
        clippy::disallowed_types,
        reason = "tests compare with the platform's functions"
    )
)]

pub mod clipping;
pub mod ids;
pub mod initializers;
pub mod losses;
pub mod optimizers;
pub mod parts;
pub mod specs;

pub mod gradients;
pub mod layout;
pub mod operation;
pub mod ops;
pub mod plan;

pub mod cpu;
#[cfg(feature = "gpu")]
pub mod gpu;
pub mod penalty;
#[cfg(feature = "reference")]
pub mod reference;
