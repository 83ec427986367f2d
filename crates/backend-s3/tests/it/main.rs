//! The s3 backend against real servers on loopback.

mod conformance_s3s;
mod support;
