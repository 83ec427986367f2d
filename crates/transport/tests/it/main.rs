//! The HTTP client against scripted peers on loopback.

mod peer;
mod requests;
