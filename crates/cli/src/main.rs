//! The rangeway command-line program.
fn main() {}
