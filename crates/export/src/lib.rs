//! Export and import of trained weights as JSON.
//!
//! It depends on designs and schemas (`mtl-engine`), not on training runs: the conversion between a run's snapshot and a file is
//! left to the caller. See [`weights`] and `docs/weights-format.md`.

#![warn(missing_docs)]

pub mod weights;
