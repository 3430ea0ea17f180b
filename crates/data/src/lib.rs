//! Data sets, and their preparation for batches.
//!
//! ```text
//! raw file or generator -> Dataset (columns) -> prepare -> Prepared (IDs, splits, schema) -> slices of a batch
//! ```
//!
//! A [`dataset::Dataset`] has columns of features and labels with licence and attribution. It comes from a compact
//! asset ([`asset`]), from a generator or from the parser of a raw file ([`datasets`]). [`prepare::prepare`] tokenises
//! it, builds the vocabulary from the training split alone, splits the rows by a seed, and returns a
//! [`prepare::Prepared`], whose [`Schema`](mtl_base::schema::Schema) is what a design is checked against.
//! [`report`] describes a prepared set for the page; [`baseline`] computes the scores of simple methods on it.
//!
//! ```
//! use mtl_data::datasets::generated_reviews::{self, ReviewSettings};
//! use mtl_data::prepare::{DataSettings, prepare};
//!
//! let dataset = generated_reviews::generate(&ReviewSettings { rows: 500, ..Default::default() });
//! let prepared = prepare(&dataset, &DataSettings { max_tokens: 16, ..Default::default() })?;
//! let rows = &prepared.splits.train[..4];
//! let mut tokens = vec![0_u32; rows.len() * 16];
//! prepared.tokens_into(0, rows, &mut tokens);
//! let mut sentiment = vec![0.0_f32; rows.len()];
//! prepared.labels_into(1, rows, &mut sentiment);
//! # Ok::<(), mtl_data::prepare::DataError>(())
//! ```

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

pub mod asset;
pub mod baseline;
mod column;
pub mod dataset;
pub mod datasets;
pub mod findings;
#[cfg(test)]
mod laws;
pub mod next;
pub mod prepare;
pub mod report;
pub mod same_input;
mod settings;
pub mod split;
pub mod tokenizer;
pub mod truth;
