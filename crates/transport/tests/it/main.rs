//! The HTTP client against scripted peers on loopback.

mod direct;
mod peer;
mod requests;
