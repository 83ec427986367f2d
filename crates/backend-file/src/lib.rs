//! The file:// backend of rangeway.
