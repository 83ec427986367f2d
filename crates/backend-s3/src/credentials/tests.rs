//! Tests of where credentials come from.
