//! The real program, run as users run it.
