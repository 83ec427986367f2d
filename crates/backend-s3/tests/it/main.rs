//! The s3 backend against real servers on loopback.

mod buckets;
mod conformance_memory;
mod conformance_s3s;
mod costs;
mod counts;
mod endpoints;
mod faults;
mod metadata;
mod quirks;
mod requests;
mod secrets;
mod security;
mod support;
#[path = "faults/uploads.rs"]
mod uploads;
