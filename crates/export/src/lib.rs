//! Export and import of trained weights as JSON.
//!
//! It depends on designs and schemas (`mtl-engine`), not on training runs: the conversion between a run's snapshot and a file is
//! left to the caller. See [`weights`] and `docs/weights-format.md`.

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

pub mod weights;
