//! Placeholder of the crate's first line; see its module list.
