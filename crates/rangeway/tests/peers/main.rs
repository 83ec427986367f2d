//! The facade against servers that others wrote. `cargo xtask test` starts them and says where they are.

mod object_store;
