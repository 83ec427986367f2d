//! The HTTP client and the REST requests that rangeway's cloud backends share.
