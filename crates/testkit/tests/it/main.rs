//! The testkit tested: its suite against the reference model, its servers against a client of others.

mod clients;
mod fault_server;
mod memory;
mod pacing_server;
mod s3_server;
