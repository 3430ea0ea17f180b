//! The training run, and what the page and the worker say to each other.
