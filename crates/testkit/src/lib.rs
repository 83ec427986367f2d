//! Conformance suite and test servers for rangeway's stores.
