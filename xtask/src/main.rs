//! Chores of the rangeway workspace.
fn main() {}
