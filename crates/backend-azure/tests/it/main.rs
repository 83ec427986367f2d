//! The azure backend against servers on loopback.

#[path = "../../../backend-s3/tests/it/costs.rs"]
mod costs;
mod endpoints;
#[path = "../../../backend-s3/tests/it/faults.rs"]
mod faults;
mod refusals;
mod secrets;
mod support;
#[path = "../../../backend-gcs/tests/it/token_server.rs"]
mod token_server;
mod tokens;
