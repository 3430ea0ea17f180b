//! What leaves the page and comes back: trained weights as JSON.
//!
//! Knows designs and schemas (`mtl-engine`), never a training run: the glue between a run's snapshot and a file is the
//! caller's, which is a dozen lines. See [`weights`] and `docs/weights-format.md`.

pub mod weights;
