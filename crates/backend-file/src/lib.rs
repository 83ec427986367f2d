//! `file://` and `direct://`: files as objects, for rangeway.
//!
//! A key is a path. `file:///data/x` has the key `data/x` in a store whose root is `/`; a program that keeps its
//! objects in one folder opens that folder with [`open`] and has keys relative to it, which nothing leads out of.
//!
//! ```
//! use rangeway_backend_file::{Policy, open};
//! use rangeway_core::{GetOptions, Store, StoreExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let store = open(folder.path(), Policy::local())?;
//! store.put_bytes("a/b.txt", "0123456789").await?;
//! let response = store.get(&"a/b.txt".into(), GetOptions::new().range(2..5)).await?;
//! assert_eq!(response.body.bytes().await?, "234");
//! # Ok(()) }
//! ```
//!
//! `direct://` is the same without the kernel's page cache (`O_DIRECT`): for data that is read or written once, and should
//! neither push out what others use nor cost a copy.
//!
//! # What files do that objects do not, and the other way round
//!
//! * **Keys.** Segments that are empty, `.` or `..`, NUL, names over 255 bytes and paths over 4095 are refused with
//!   `InvalidInput`. A file `a` and a file `a/b` cannot both exist. A folder is not an object.
//! * **Writes** go to a temporary file `.NAME.rangeway-…` in the same folder, which is renamed when it is whole.
//!   Listings do not show such files and keys cannot name them; only a killed program leaves one behind. A new file
//!   has the permissions that `cp` would give it; one that replaces another has the other's. A symbolic link is
//!   replaced, not written through. Folders are made when needed. They stay when their last file is deleted, and only
//!   a file that is written in the very place of a folder without files replaces it.
//! * **`PutMode::Create`** is atomic, on the file system itself. **`PutMode::IfMatch`** is atomic among writers that
//!   use it, in all processes, where the file system can lock a folder; a program that simply writes the file at the
//!   same moment can be overwritten.
//! * **Etags** are made of device, inode, size and time. A file that changes while it is read is
//!   `PreconditionFailed`, one that is cut off `Interrupted` or the same: never a mix.
//! * **Listings** follow symbolic links to files, but go into a linked folder only if the prefix names it: what a
//!   listing shows can be deleted without harm elsewhere. A folder that cannot be read is an error in the listing,
//!   which goes on behind it. Names that are not UTF-8 are left out with a warning. A folder without files does not
//!   exist, as in object stores.
//! * **Attributes** are not stored: a write that has some is `Unsupported`.
//!
//! Unix only: on Windows this crate does not compile.

#[cfg(not(unix))]
compile_error!("rangeway-backend-file needs a Unix system; leave the feature `file` out");

mod backend;
mod direct;
mod errors;
mod facts;
mod fill;
mod list;
mod name;
mod new_file;
mod page_cache;
mod platform;
mod read;
mod root;
mod store;
mod tasks;
mod upload;
mod vacant;
mod write;

pub use {
    backend::{FileBackend, open, open_as},
    page_cache::PageCache,
    rangeway_range_engine::Policy,
    store::FileStore,
};
