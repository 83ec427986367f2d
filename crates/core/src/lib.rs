//! Traits, types, errors, keys and URIs, the scheme registry and the settings of rangeway.
