//! The gcs backend against servers on loopback.

mod buckets;
mod conditions;
mod conformance;
#[path = "../../../backend-s3/tests/it/costs.rs"]
mod costs;
mod counts;
mod credentials;
#[path = "../../../backend-s3/tests/it/faults.rs"]
mod faults;
mod requests;
mod security;
mod support;
mod token_server;
#[path = "../../../backend-s3/tests/it/faults/uploads.rs"]
mod uploads;
