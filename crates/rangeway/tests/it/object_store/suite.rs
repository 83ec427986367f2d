//! Which functions are run, how, and what is made of their outcome.
//!
//! These are not run at all, because they need more than an `ObjectStore`:
//!
//! | Function | Why |
//! |---|---|
//! | `multipart`, `multipart_with_opts`, `multipart_put_part_out_of_order` | need a `MultipartStore`: an upload of ours has no id that outlives its handle, and its parts know their offsets |
//! | `list_paginated` | needs a `PaginatedListStore`: pages are a backend's own affair |
//! | `response_extensions` | one result comes of many responses, and the HTTP client is our own |

use std::io::Write;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use object_store::{DynObjectStore, Error, ObjectStore, integration};

/// What fails now and then by a race in the server, so that one client may pass where the other does not.
const UNSTEADY: [(&str, &str, &str); 1] =
    [("s3s-fs", "put_opts", "it checks the condition of a write and then writes: two writers can both win")];

/// What the functions have to know of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    /// Whether a write can be conditional on an etag.
    pub(crate) supports_update: bool,
    /// Whether, of two uploads of one path, the second can be completed after the first.
    pub(crate) second_upload_wins: bool,
}

impl Traits {
    /// Those of most clients.
    pub(crate) const MOST: Self = Self { supports_update: true, second_upload_wins: true };
}

/// Runs one function on the adapter and on `object_store`'s own client, each on an empty store of its own, and says how
/// both did. What the other client cannot do there either is the server's failure.
///
/// # Panics
/// When the function fails on the adapter only.
pub(crate) async fn compare(
    peer: &str,
    function: &str,
    (ours, our_traits): (impl ObjectStore, Traits),
    (bare, bare_traits): (impl ObjectStore, Traits),
) {
    let ours = passes(function, &ours, our_traits).await;
    let bare = passes(function, &bare, bare_traits).await;
    let word = |passed| if passed { "passes" } else { "fails" };
    let line = format!("{peer}: {function}: rangeway {}, object_store {}", word(ours), word(bare));
    // Past the test harness, which shows what is printed for failures only.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
    let unsteady = UNSTEADY.iter().any(|row| (row.0, row.1) == (peer, function));
    assert!(ours || !bare || unsteady, "{line}");
}

/// Runs one function; `false` when it panicked, which is how the functions fail.
pub(crate) async fn passes(function: &str, store: &DynObjectStore, traits: Traits) -> bool {
    AssertUnwindSafe(run(function, store, traits)).catch_unwind().await.is_ok()
}

async fn run(function: &str, store: &DynObjectStore, traits: Traits) {
    match function {
        "put_get_delete_list" => integration::put_get_delete_list(store).await,
        "put_get_attributes" => integration::put_get_attributes(store).await,
        "get_opts" => integration::get_opts(store).await,
        "put_opts" => integration::put_opts(store, traits.supports_update).await,
        "stream_get" => integration::stream_get(store).await,
        "list_uses_directories_correctly" => integration::list_uses_directories_correctly(store).await,
        "list_with_delimiter" => integration::list_with_delimiter(store).await,
        "list_with_offset_exclusivity" => integration::list_with_offset_exclusivity(store).await,
        "get_nonexistent_object" => {
            let error =
                integration::get_nonexistent_object(store, None).await.expect_err("it does not exist");
            assert!(matches!(error, Error::NotFound { .. }), "{error}");
        }
        "rename_and_copy" => integration::rename_and_copy(store).await,
        "copy_if_not_exists" => integration::copy_if_not_exists(store).await,
        "copy_rename_nonexistent_object" => integration::copy_rename_nonexistent_object(store).await,
        "multipart_race_condition" => {
            integration::multipart_race_condition(store, traits.second_upload_wins).await;
        }
        "multipart_out_of_order" => integration::multipart_out_of_order(store).await,
        _ => panic!("no function {function}"),
    }
}

/// One test per function. `$run` is an async function from the function's name to its outcome.
macro_rules! suite {
    ($run:path) => {
        $crate::object_store::suite::suite! { $run:
            put_get_delete_list, put_get_attributes, get_opts, put_opts, stream_get,
            list_uses_directories_correctly, list_with_delimiter, list_with_offset_exclusivity,
            get_nonexistent_object, rename_and_copy, copy_if_not_exists, copy_rename_nonexistent_object,
            multipart_race_condition, multipart_out_of_order
        }
    };
    ($run:path: $($function:ident),*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $function() {
                $run(stringify!($function)).await;
            }
        )*
    };
}
pub(crate) use suite;
