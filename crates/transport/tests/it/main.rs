//! The HTTP client against scripted peers on loopback.

mod direct;
mod https;
mod peer;
// Elsewhere there is no splicing.
#[cfg(target_os = "linux")]
mod pipes;
mod requests;
