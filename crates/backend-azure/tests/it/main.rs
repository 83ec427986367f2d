//! The azure backend against servers on loopback.

mod counts;
#[path = "../../../backend-s3/tests/it/faults.rs"]
mod faults;
mod refusals;
mod secrets;
mod support;
