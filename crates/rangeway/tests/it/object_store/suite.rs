//! Which functions are run, how, and which of them cannot pass where.
//!
//! These are not run at all, because they need more than an `ObjectStore`:
//!
//! | Function | Why |
//! |---|---|
//! | `multipart`, `multipart_with_opts`, `multipart_put_part_out_of_order` | need a `MultipartStore`: an upload of ours has no id that outlives its handle, and its parts know their offsets |
//! | `list_paginated` | needs a `PaginatedListStore`: pages are a backend's own affair |
//! | `response_extensions` | one result comes of many responses, and the HTTP client is our own |

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use object_store::{DynObjectStore, Error, integration};

/// How a function fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fails {
    /// Every time: when it passes after all, the row has to go.
    Always,
    /// By a race, so nearly every time.
    Mostly,
}

/// What `object_store` tests that cannot pass: on which store, which function, how, and why.
const CANNOT_PASS: [(&str, &str, Fails, &str); 2] = [
    (
        "s3",
        "put_get_delete_list",
        Fails::Always,
        "the test server answers 500 to a GET of a key that is a folder on its disk, where S3 says 404",
    ),
    (
        "s3",
        "put_opts",
        Fails::Mostly,
        "the test server checks the condition of a write and then writes: two writers can both win, where S3 lets one",
    ),
];

/// The row of a function that cannot pass.
pub(crate) fn cannot_pass(store: &str, function: &str) -> Option<Fails> {
    CANNOT_PASS.iter().find(|row| (row.0, row.1) == (store, function)).map(|row| row.2)
}

/// Runs one function; `false` when it panicked, which is how the functions fail.
pub(crate) async fn passes(function: &str, store: &DynObjectStore, supports_update: bool) -> bool {
    AssertUnwindSafe(run(function, store, supports_update)).catch_unwind().await.is_ok()
}

async fn run(function: &str, store: &DynObjectStore, supports_update: bool) {
    match function {
        "put_get_delete_list" => integration::put_get_delete_list(store).await,
        "put_get_attributes" => integration::put_get_attributes(store).await,
        "get_opts" => integration::get_opts(store).await,
        "put_opts" => integration::put_opts(store, supports_update).await,
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
        "multipart_race_condition" => integration::multipart_race_condition(store, true).await,
        "multipart_out_of_order" => integration::multipart_out_of_order(store).await,
        _ => panic!("no function {function}"),
    }
}

/// Compares what happened with the table.
pub(crate) fn check(store: &str, function: &str, passed: bool) {
    match cannot_pass(store, function) {
        None => assert!(passed, "{function} failed on {store}: see above"),
        Some(Fails::Always) => assert!(!passed, "{function} passes on {store}: remove its row"),
        Some(Fails::Mostly) => {}
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
