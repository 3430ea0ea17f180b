//! `cargo xtask`: build, serve, test, measure.
fn main() {}
