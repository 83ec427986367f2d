//! Moves bytes between memory, files and object stores with many byte ranges in flight.
