//! The HTTP client against scripted peers on loopback.

mod direct;
mod https;
mod peer;
mod requests;
