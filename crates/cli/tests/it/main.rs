//! The real program, run as users run it: against files, and against an S3 server in the test's process.

mod bench;
mod copies;
mod direct;
mod errors;
mod faults;
mod help;
mod interrupts;
mod listings;
mod pairs;
mod removals;
mod streams;
mod support;
mod trees;
mod urls;
