//! The backend against a server that knows ranges, and against one that says what it is told to.

mod files;
mod scripted;
mod server;
